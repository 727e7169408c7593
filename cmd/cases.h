#ifndef CMD_CASES_H
#define CMD_CASES_H

/*
 * cases -- how a case is shown, and what exit status it is.
 */

#include "cmd.h"

/* firn_show_case -- one, with its steps: as firn_case_of() has it. */
firn_show_fn firn_show_case;

/* firn_case_status(json) -- of a case that is finished. */
enum firn_exit firn_case_status(const json_t *json);

#endif
