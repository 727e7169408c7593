#include "evidence/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

/* What is wrong with who and where it says it is, or NULL. */
static const char *
misfit(struct firn_check *check, const json_t *json, uint64_t number)
{
	char fingerprint[FIRN_FINGERPRINT], previous[FIRN_SHA256_TEXT];
	const char *boot_id = firn_json_string(json, "boot_id", NULL);

	firn_key_fingerprint(check->signer, fingerprint);
	firn_hex(check->previous, FIRN_SHA256, previous);
	if (!firn_json_says(json, "format", "firn-checkpoint-1"))
		return "is of a format that this firn doesn't know";
	if (!firn_json_says(json, "case", check->untar.folder))
		return "is of another case";
	if (!firn_json_says(json, "signer", fingerprint))
		return "names another signer";
	if (json_integer_value(json_object_get(json, "sequence")) !=
	    (json_int_t)number)
		return "has another number inside";
	if (!json_is_array(json_object_get(json, "members")) ||
	    !json_is_array(json_object_get(json, "frames")) ||
	    json_integer_value(json_object_get(json, "gaps_so_far")) < 0)
		return "isn't complete";
	if (number <= check->sequence)
		return "is out of order";
	if (number > check->sequence + 1)
		return check->n_problems == 0 ? "doesn't follow the one before"
					      : NULL;
	if (check->chained && !firn_json_says(json, "previous", previous))
		return "doesn't follow the one before";
	if (boot_id == NULL ||
	    (*check->boot_id != '\0' && strcmp(check->boot_id, boot_id) != 0))
		return "was made during another boot";
	return NULL;
}

/* Its lists hold: compare them with what was found. */
static int
compare(struct firn_check *check, const json_t *json, uint64_t number,
	struct firn_err *err)
{
	const char *time = firn_json_string(json, "time", NULL);
	const char *boot_id = firn_json_string(json, "boot_id", NULL);
	const json_t *gaps = json_object_get(json, "gaps_so_far");
	char name[40];

	snprintf(name, sizeof(name), "checkpoint %llu",
		 (unsigned long long)number);
	if (number != check->sequence + 1)
		check->chained = false;
	if (firn_check_frames(check, json_object_get(json, "frames"), name,
			      err) < 0 ||
	    firn_check_members(check, json_object_get(json, "members"), name,
			       err) < 0)
		return -1;
	if (json_integer_value(gaps) >= 0)
		check->gaps = (uint64_t)json_integer_value(gaps);
	if (*check->captured == '\0' && time != NULL)
		snprintf(check->captured, sizeof(check->captured), "%s", time);
	if (boot_id != NULL)
		snprintf(check->boot_id, sizeof(check->boot_id), "%s", boot_id);
	check->sequence = number;
	check->chained = true;
	check->whole += 2; /* itself and its signature */
	return firn_sha256(check->checkpoint.data, check->checkpoint.len,
			   check->previous, err);
}

static int
judge(struct firn_check *check, uint64_t number, struct firn_err *err)
{
	autojson json_t *json = NULL;
	const char *wrong;

	if (!firn_signer(check, check->checkpoint.data, check->checkpoint.len,
			 (const unsigned char *)check->signature.data,
			 check->signature.len)) {
		firn_problem(check, check->now.offset,
			     "the signature of checkpoint %llu is not of its "
			     "signer",
			     (unsigned long long)number);
		check->chained = false;
		return 0;
	}
	if (firn_check_parse(check, check->checkpoint.data,
			     check->checkpoint.len, "checkpoint", &json,
			     err) < 0)
		return -1;
	if (json == NULL) {
		check->chained = false;
		return 0;
	}
	wrong = misfit(check, json, number);
	if (wrong != NULL) {
		firn_problem(check, check->now.offset, "checkpoint %llu %s",
			     (unsigned long long)number, wrong);
		check->chained = false;
		return 0;
	}
	return compare(check, json, number, err);
}

int
firn_check_checkpoint(struct firn_check *check, uint64_t number,
		      struct firn_err *err)
{
	int done = 0;

	/* One of the two was lost: damage that is told already. */
	if (check->checkpoint.len > 0 && check->signature.len > 0)
		done = judge(check, number, err);
	else
		check->chained = false;
	check->checkpoint.len = 0;
	check->signature.len = 0;
	return done;
}
