#ifndef CONTAIN_CUT_PINS_H
#define CONTAIN_CUT_PINS_H

/*
 * pins -- the folder in which a target's BPF objects outlive firn.
 *
 * /sys/fs/bpf/firn/ID where a bpf filesystem is mounted, otherwise
 * /run/firn/bpf/ID on one that firn mounts.  The folder, and that mount, are
 * gone when the last pin is.
 *
 * Source: Linux Documentation/bpf/ (BPF_OBJ_PIN); bpf(2).
 */

#include <stdbool.h>

#include <jansson.h>

#include "firn/err.h"

/* Longest path of a pin, with its NUL. */
#define FIRN_PIN_PATH 512

struct firn_pins {
	char folder[FIRN_PIN_PATH];
	int dir_fd; /* -1 until made; keeps the mount from going away */
};

/* firn_pins_choose(ret, id, err) -- where they would be; changes nothing.
 * `id` is a target's. */
FIRN_MUST_CHECK int firn_pins_choose(struct firn_pins *ret, const char *id,
				     struct firn_err *err);

/* firn_pins_make(pins, err) -- mount and make what is not there. */
FIRN_MUST_CHECK int firn_pins_make(struct firn_pins *pins,
				   struct firn_err *err);
void firn_pins_close(struct firn_pins *pins);

/* firn_pins_path(pins, name, ret) -- of one pin. */
void firn_pins_path(const struct firn_pins *pins, const char *name,
		    char ret[FIRN_PIN_PATH]);

/*
 * firn_pins_remove(paths, err) -- remove pins by their paths (an array of
 * strings), and their folders and our mount where those are empty then.
 *
 * What is gone already is no error.  A path that is not in a folder of pins is
 * EBADMSG, and nothing is removed.
 */
FIRN_MUST_CHECK int firn_pins_remove(const json_t *paths, struct firn_err *err);

/*
 * firn_pins_any(is, arg) -- is this one of all pins of firn, of every target?
 *
 * `is` gets a path and `arg`.  A pin that goes meanwhile is none.
 */
typedef bool firn_pin_fn(const char *path, void *arg);
bool firn_pins_any(firn_pin_fn *is, void *arg);

#endif
