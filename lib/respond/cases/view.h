#ifndef RESPOND_CASES_VIEW_H
#define RESPOND_CASES_VIEW_H

/*
 * view -- what the lines of a diary say of a case.
 */

#include <stdbool.h>

#include <jansson.h>

/* firn_case_view(id, lines, whole) -- as firn_cases() has it, or
 * firn_case_of(): a new object; NULL for a diary that tells of no case. */
json_t *firn_case_view(const char *id, const json_t *lines, bool whole);

#endif
