#ifndef TESTS_COLLECT_MADE_GO_H
#define TESTS_COLLECT_MADE_GO_H

/*
 * made_go -- as much of an executable as Go's linker says something in.
 */

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "check.h"

/* The marks that the linker puts around the list, a NUL in one of them. */
static inline void
go_marked(struct firn_buf *ret, const char *modules)
{
	firn_buf_add(ret,
		     "\x30\x77\xaf\x0c\x92\x74\x08\x02"
		     "\x41\xe1\xc1\x07\xe6\xd6\x18\xe6",
		     16);
	firn_buf_add(ret, modules, strlen(modules));
	firn_buf_add(ret,
		     "\xf9\x32\x43\x31\x86\x18\x20\x72"
		     "\x00\x82\x42\x10\x41\x16\xd8\xf2",
		     16);
}

static inline void
go_text(struct firn_buf *buf, const char *text, size_t all)
{
	size_t len = all;

	for (; len >= 0x80; len >>= 7) {
		unsigned char byte = (unsigned char)(len | 0x80);

		firn_buf_add(buf, &byte, 1);
	}
	firn_buf_add(buf, &(unsigned char){ (unsigned char)len }, 1);
	firn_buf_add(buf, text, all);
}

/* The section as it is since Go 1.18; `modules` without its marks. */
static inline void
go_section(struct firn_buf *buf, const char *version, const char *modules)
{
	autobuf struct firn_buf marked = { 0 };

	go_marked(&marked, modules);
	firn_buf_add(buf, "\xff Go buildinf:\x08\x02", 16);
	firn_buf_fill(buf, 0, 16);
	go_text(buf, version, strlen(version));
	go_text(buf, marked.data, marked.len);
}

/* As it was before: pointers to strings, at addresses of a segment that begins
 * at 0x400000 with the section, which begins at `at` in the file. */
static inline void
go_old_section(struct firn_buf *buf, const char *version, const char *modules)
{
	const uint64_t base = 0x400000;
	uint64_t words[6] = { base + 32, base + 48 };
	autobuf struct firn_buf marked = { 0 };

	go_marked(&marked, modules);
	words[2] = base + 64;
	words[3] = strlen(version);
	words[4] = base + 64 + strlen(version);
	words[5] = marked.len;
	firn_buf_add(buf, "\xff Go buildinf:\x08\x00", 16);
	firn_buf_add(buf, words, sizeof(words));
	firn_buf_add(buf, version, strlen(version));
	firn_buf_add(buf, marked.data, marked.len);
}

/* Around a section: header, one segment, three section headers, and zeros up to
 * a size that an executable of Go's has. */
static inline void
go_executable(struct firn_buf *ret, const struct firn_buf *section)
{
	static const char names[] = "\0.go.buildinfo\0.shstrtab";
	const uint64_t at = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) +
			    3 * sizeof(Elf64_Shdr) + sizeof(names);
	const Elf64_Ehdr head = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
			     __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB
							     : ELFDATA2MSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_phoff = sizeof(head),
		.e_shoff = sizeof(head) + sizeof(Elf64_Phdr),
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 3,
		.e_shstrndx = 2,
	};
	const Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_offset = at,
		.p_vaddr = 0x400000,
		.p_filesz = section->len,
	};
	const Elf64_Shdr sections[3] = {
		{ 0 },
		{ .sh_name = 1,
		  .sh_type = SHT_PROGBITS,
		  .sh_offset = at,
		  .sh_size = section->len },
		{ .sh_name = 15,
		  .sh_type = SHT_STRTAB,
		  .sh_offset = at - sizeof(names),
		  .sh_size = sizeof(names) },
	};

	firn_buf_add(ret, &head, sizeof(head));
	firn_buf_add(ret, &segment, sizeof(segment));
	firn_buf_add(ret, sections, sizeof(sections));
	firn_buf_add(ret, names, sizeof(names));
	firn_buf_add(ret, section->data, section->len);
	firn_buf_fill(ret, 0, (600 << 10) - ret->len);
}

#endif
