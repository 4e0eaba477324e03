// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HTML report: a fixed page (report.html, built in) around the JSON of the analysis, and the
 * text of it for browsers that run no scripts. Nothing is fetched from anywhere. "<" in the JSON is
 * written as an escape, so that no string of a trace can end the script element.
 */
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "report_page.h"

#define TEXT_MARK "@TEXT@"
#define DATA_MARK "@DATA@"

static void put_text(const struct rig_output *output, FILE *file)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		abort();
	rig_output_text(output, memory);
	fclose(memory);
	for (const char *at = text; at && *at; at++) {
		if (*at == '<')
			fputs("&lt;", file);
		else if (*at == '&')
			fputs("&amp;", file);
		else
			fputc(*at, file);
	}
	free(text);
}

static void put_data(const struct rig_output *output, FILE *file)
{
	json_t *json = rig_output_json(output);
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9));

	for (const char *at = text; at && *at; at++) {
		if (*at == '<')
			fputs("\\u003c", file);
		else
			fputc(*at, file);
	}
	free(text);
	json_decref(json);
}

void rig_output_html(const struct rig_output *output, FILE *file)
{
	const char *text = strstr(rig_report_page, TEXT_MARK);
	const char *data = strstr(text, DATA_MARK);

	fwrite(rig_report_page, 1, (size_t)(text - rig_report_page), file);
	put_text(output, file);
	text += strlen(TEXT_MARK);
	fwrite(text, 1, (size_t)(data - text), file);
	put_data(output, file);
	fputs(data + strlen(DATA_MARK), file);
}
