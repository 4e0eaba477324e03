// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HTML report: a fixed page (report.html, built in) around the JSON of the analysis. Nothing
 * is fetched from anywhere. "<" in the JSON is written as an escape, so that no string of a trace
 * can end the script element.
 */
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "report_page.h"

#define MARK "@DATA@"

void rig_output_html(const struct rig_output *output, FILE *file)
{
	json_t *json = rig_output_json(output);
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9));
	const char *mark = strstr(rig_report_page, MARK);

	fwrite(rig_report_page, 1, (size_t)(mark - rig_report_page), file);
	for (const char *at = text; at && *at; at++) {
		if (*at == '<')
			fputs("\\u003c", file);
		else
			fputc(*at, file);
	}
	fputs(mark + strlen(MARK), file);
	free(text);
	json_decref(json);
}
