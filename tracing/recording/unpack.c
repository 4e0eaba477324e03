// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that come in. Recorded traces and states are kept compressed; they are unpacked in memory,
 * recognised by their first bytes and not by their names.
 */
#include <kmemrig/input.h>

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define CHUNK (1u << 20)
/* What unpacks to more than this is no trace that this host could hold. */
#define MAX_UNPACKED (16ull << 30)

struct buffer {
	char *data;
	size_t used;
	size_t size;
};

/* Room for @more bytes and the NUL behind them. */
static bool buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t wanted = buffer->used + more + 1;
	char *data;

	if (wanted <= buffer->size)
		return true;
	if (wanted < buffer->size * 2)
		wanted = buffer->size * 2;
	data = realloc(buffer->data, wanted);
	if (!data)
		return false;
	buffer->data = data;
	buffer->size = wanted;
	return true;
}

static bool read_raw(struct buffer *buffer, const char *path, char *error)
{
	bool standard_input = !strcmp(path, "-");
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	if (fd < 0) {
		snprintf(error, RIG_INPUT_ERROR, "%s: %s", path, strerror(errno));
		return false;
	}
	do {
		if (!buffer_reserve(buffer, CHUNK)) {
			errno = ENOMEM;
			got = -1;
			break;
		}
		got = read(fd, buffer->data + buffer->used, CHUNK);
		if (got > 0)
			buffer->used += (size_t)got;
	} while (got > 0);
	if (got < 0)
		snprintf(error, RIG_INPUT_ERROR, "%s: %s", path, strerror(errno));
	if (!standard_input)
		close(fd);
	return got >= 0;
}

static bool unpack_xz(struct buffer *plain, const struct buffer *packed, const char *path,
		      char *error)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret code = lzma_stream_decoder(&stream, UINT64_MAX, LZMA_CONCATENATED);

	stream.next_in = (const uint8_t *)packed->data;
	stream.avail_in = packed->used;
	while (code == LZMA_OK) {
		if (plain->used > MAX_UNPACKED || !buffer_reserve(plain, CHUNK)) {
			code = LZMA_MEM_ERROR;
			break;
		}
		stream.next_out = (uint8_t *)plain->data + plain->used;
		stream.avail_out = CHUNK;
		code = lzma_code(&stream, LZMA_FINISH);
		plain->used += CHUNK - stream.avail_out;
	}
	if (code != LZMA_STREAM_END)
		snprintf(error, RIG_INPUT_ERROR, "%s: xz data %s at byte %llu of %zu", path,
			 code == LZMA_BUF_ERROR	  ? "ends early"
			 : code == LZMA_MEM_ERROR ? "too large"
						  : "corrupt",
			 (unsigned long long)stream.total_in, packed->used);
	lzma_end(&stream);
	return code == LZMA_STREAM_END;
}

static bool unpack_zstd(struct buffer *plain, const struct buffer *packed, const char *path,
			char *error)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = { packed->data, packed->used, 0 };
	const char *problem = NULL;
	size_t code = 1;

	while (stream && !problem && (in.pos < in.size || code == 0)) {
		ZSTD_outBuffer out;

		if (in.pos == in.size)
			break;
		if (plain->used > MAX_UNPACKED || !buffer_reserve(plain, CHUNK)) {
			problem = "too large";
			break;
		}
		out = (ZSTD_outBuffer){ plain->data + plain->used, CHUNK, 0 };
		code = ZSTD_decompressStream(stream, &out, &in);
		plain->used += out.pos;
		if (ZSTD_isError(code))
			problem = ZSTD_getErrorName(code);
	}
	/* the input is used up; what the decoder still holds comes out now */
	while (stream && !problem && code != 0) {
		ZSTD_outBuffer out;

		if (!buffer_reserve(plain, CHUNK)) {
			problem = "too large";
			break;
		}
		out = (ZSTD_outBuffer){ plain->data + plain->used, CHUNK, 0 };
		code = ZSTD_decompressStream(stream, &out, &in);
		plain->used += out.pos;
		if (ZSTD_isError(code))
			problem = ZSTD_getErrorName(code);
		else if (!out.pos && code)
			problem = "ends early";
	}
	ZSTD_freeDStream(stream);
	if (!stream)
		problem = "no host memory";
	if (problem)
		snprintf(error, RIG_INPUT_ERROR, "%s: zstd data: %s at byte %zu of %zu", path,
			 problem, in.pos, in.size);
	return !problem;
}

static bool is_xz(const struct buffer *buffer)
{
	return buffer->used >= 6 && !memcmp(buffer->data, "\3757zXZ\0", 6);
}

static bool is_zstd(const struct buffer *buffer)
{
	return buffer->used >= 4 && !memcmp(buffer->data, "\x28\xb5\x2f\xfd", 4);
}

bool rig_input_read(struct rig_input *input, const char *path, char *error)
{
	struct buffer raw = { 0 }, plain = { 0 };
	bool good;

	*input = (struct rig_input){ 0 };
	good = read_raw(&raw, path, error);
	if (good && (is_xz(&raw) || is_zstd(&raw))) {
		input->packed = true;
		good = is_xz(&raw) ? unpack_xz(&plain, &raw, path, error)
				   : unpack_zstd(&plain, &raw, path, error);
		free(raw.data);
		raw = plain;
	}
	if (!raw.data)
		raw.data = calloc(1, 1);
	else
		raw.data[raw.used] = '\0';
	input->data = raw.data;
	input->size = raw.used;
	return good;
}

void rig_input_free(struct rig_input *input)
{
	free(input->data);
	*input = (struct rig_input){ 0 };
}

int rig_input_memory_file(const struct rig_input *input, const char *path, char *error)
{
	int fd = memfd_create("kmemrig-input", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < input->size) {
		ssize_t wrote = write(fd, input->data + done, input->size - done);

		if (wrote <= 0) {
			close(fd);
			fd = -1;
		} else {
			done += (size_t)wrote;
		}
	}
	if (fd < 0)
		snprintf(error, RIG_INPUT_ERROR, "%s: no host memory to unpack it", path);
	return fd;
}

int rig_input_open_plain(const char *path, char *plain, size_t plain_size, char *error)
{
	struct rig_input input;
	char magic[6] = "";
	struct buffer head = { magic, 0, sizeof(magic) };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0) {
		snprintf(error, RIG_INPUT_ERROR, "%s: %s", path, strerror(errno));
		return -1;
	}
	got = pread(fd, magic, sizeof(magic), 0);
	head.used = got > 0 ? (size_t)got : 0;
	/* a pipe is read once, so what comes out of it is kept */
	if (is_xz(&head) || is_zstd(&head) || (got < 0 && errno == ESPIPE)) {
		close(fd);
		if (!rig_input_read(&input, path, error)) {
			rig_input_free(&input);
			return -1;
		}
		fd = rig_input_memory_file(&input, path, error);
		rig_input_free(&input);
	}
	if (fd >= 0)
		snprintf(plain, plain_size, "/proc/self/fd/%d", fd);
	return fd;
}

/* The start of what a packed file's start unpacks to; an error is for whoever reads on. */
static size_t unpack_start(const struct buffer *packed, char *bytes, size_t size)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	ZSTD_DStream *zstd;
	ZSTD_inBuffer in = { packed->data, packed->used, 0 };
	ZSTD_outBuffer out = { bytes, size, 0 };
	size_t left = 1;

	if (is_xz(packed)) {
		stream.next_in = (const uint8_t *)packed->data;
		stream.avail_in = packed->used;
		stream.next_out = (uint8_t *)bytes;
		stream.avail_out = size;
		if (lzma_stream_decoder(&stream, UINT64_MAX, LZMA_CONCATENATED) == LZMA_OK)
			while (stream.avail_out && lzma_code(&stream, LZMA_RUN) == LZMA_OK)
				;
		lzma_end(&stream);
		return size - stream.avail_out;
	}
	zstd = ZSTD_createDStream();
	while (zstd && out.pos < out.size && in.pos < in.size && left && !ZSTD_isError(left))
		left = ZSTD_decompressStream(zstd, &out, &in);
	ZSTD_freeDStream(zstd);
	return out.pos;
}

ssize_t rig_input_peek(const char *path, char *bytes, size_t size, char *error)
{
	struct buffer head = { malloc(CHUNK), 0, CHUNK };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 || !head.data ? -1 : read(fd, head.data, CHUNK);

	if (got < 0)
		snprintf(error, RIG_INPUT_ERROR, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (got >= 0) {
		head.used = (size_t)got;
		if (is_xz(&head) || is_zstd(&head)) {
			got = (ssize_t)unpack_start(&head, bytes, size);
		} else {
			got = head.used < size ? (ssize_t)head.used : (ssize_t)size;
			memcpy(bytes, head.data, (size_t)got);
		}
	}
	free(head.data);
	return got;
}
