#ifndef RESPOND_DRILL_LAYERS_H
#define RESPOND_DRILL_LAYERS_H

/*
 * drill_layers -- the image of the drill's container, and the folders of its
 * overlay.
 */

#include "firn/err.h"

/* What the intruder changes, deletes and drops; in every layer's terms. */
#define FIRN_DRILL_CHANGED "etc/app.conf"
#define FIRN_DRILL_DELETED "var/log/auth.log"
#define FIRN_DRILL_PROGRAM "usr/bin/app"

/*
 * firn_drill_layers_make(folder, err) -- lower/, upper/, work/ and merged/ in
 * `folder`, and in lower/ an image: the intruder's program and what it is
 * going to change.
 *
 * Source: Linux Documentation/filesystems/overlayfs.rst.
 */
FIRN_MUST_CHECK int firn_drill_layers_make(const char *folder,
					   struct firn_err *err);

/* firn_drill_layers_remove(folder, err) -- the folder and all below it; links
 * are removed, not followed.  One that isn't there is fine. */
FIRN_MUST_CHECK int firn_drill_layers_remove(const char *folder,
					     struct firn_err *err);

#endif
