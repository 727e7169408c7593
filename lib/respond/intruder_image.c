#include "respond/intruder_image.h"

/* INTRUDER is the path of the built program. */
__asm__(".pushsection .rodata\n"
	".global firn_intruder_image\n"
	".global firn_intruder_end\n"
	"firn_intruder_image:\n"
	".incbin \"" INTRUDER "\"\n"
	"firn_intruder_end:\n"
	".popsection\n");
