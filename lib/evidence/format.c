#include "evidence/format.h"

#include <string.h>

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool
firn_is_member_path(const char *path)
{
	bool starts = true; /* a component */
	size_t len = 0;

	for (; path[len] != '\0'; len++) {
		char c = path[len];

		if (len == FIRN_MEMBER_PATH || (c != '/' && !is_plain(c)) ||
		    (starts && (c == '/' || c == '.')))
			return false;
		starts = c == '/';
	}
	return !starts;
}

bool
firn_is_folder_name(const char *name)
{
	size_t len = 0;

	if (name[0] == '.')
		return false;
	for (; name[len] != '\0'; len++)
		if (len == FIRN_FOLDER_NAME || !is_plain(name[len]))
			return false;
	return len > 0;
}

void
firn_put_le32(unsigned char ret[4], uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		ret[i] = (unsigned char)(value >> (8 * i));
}

uint32_t
firn_get_le32(const unsigned char bytes[4])
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
	       (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}
