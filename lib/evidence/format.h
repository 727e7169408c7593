#ifndef EVIDENCE_FORMAT_H
#define EVIDENCE_FORMAT_H

/*
 * format -- the numbers of archive format 1, firn-archive(5), which the writer
 * keeps and the readers insist on.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

/* Most bytes of the tar in one frame. */
#define FIRN_FRAME (1 << 20)

/* Longest path of a member below the bag's folder, and longest case id. */
#define FIRN_MEMBER_PATH 200
#define FIRN_FOLDER_NAME 95

/* Most members of an archive, and most that one checkpoint lists. */
#define FIRN_MEMBERS_MAX (1 << 18)
#define FIRN_CHECKPOINT_MEMBERS 4096
#define FIRN_CHECKPOINT_FRAMES 8192

/* Bytes of gaps after which a checkpoint leaves the rest to the next. */
#define FIRN_CHECKPOINT_GAPS (1 << 20)

/* Largest checkpoint: the lists above, each entry as long as it can be. */
#define FIRN_CHECKPOINT_MAX (8 << 20)

/* zstd's magic numbers: of a frame, of our trailer, of the seek table. */
#define FIRN_MAGIC_FRAME 0xfd2fb528u
#define FIRN_MAGIC_TRAILER 0x184d2a5du
#define FIRN_MAGIC_SEEK 0x184d2a5eu
#define FIRN_MAGIC_SEEK_END 0x8f92eab1u

/* A frame as it stands in the file. */
struct firn_frame {
	uint64_t offset; /* bytes from the start of the file */
	uint32_t stored; /* bytes, compressed */
	uint32_t plain;  /* bytes of the tar */
	unsigned char sha256[FIRN_SHA256]; /* of the stored bytes */
};

/* firn_is_member_path(path) -- may a member be called so? */
bool firn_is_member_path(const char *path);

/* firn_is_folder_name(name) -- may the bag's folder, the case, be? */
bool firn_is_folder_name(const char *name);

/* firn_put_le32(ret, value) -- as zstd's headers have numbers. */
void firn_put_le32(unsigned char ret[4], uint32_t value);
uint32_t firn_get_le32(const unsigned char bytes[4]);

#endif
