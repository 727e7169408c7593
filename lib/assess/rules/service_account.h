#ifndef ASSESS_SERVICE_ACCOUNT_H
#define ASSESS_SERVICE_ACCOUNT_H

/*
 * service_account -- Google Cloud's key file: a JSON object, which may stand in
 * another text, with \" for each quote.
 */

#include <stddef.h>

#include <jansson.h>

/* firn_service_account(text, len) -- a new object; NULL if it is none. */
json_t *firn_service_account(const char *text, size_t len);

#endif
