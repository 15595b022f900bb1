#include "lib/conf_internal.h"

#include <string.h>

/* The smallest useful file. The test reads it back. */
static const char *const example[] = {
	"listen: [ 127.0.0.1@5300, ::1@5300 ]",
	"store: /var/lib/placed",
	"workers: 2",
	"keys:",
	"  - name: room-key.",
	"    algorithm: hmac-sha256",
	"    secret-file: room.key      # or secret: BASE64",
	"zones:",
	"  - name: lounge.house.home.arpa",
	"    file: lounge.zone",
	"    inside: [ 127.0.0.0/8, 192.168.1.0/24 ]",
	"    update:",
	"      - key: room-key.",
	"        names: [ \"*\" ]",
	"        types: [ A, AAAA, SRV, TXT, PTR, LOC ]",
	"user: placed",
};

static const char head[] =
	".TH placed.yaml 5 \"\" placed \"File formats\"\n"
	".SH NAME\n"
	"placed.yaml \\- configuration of the nameserver of a place\n"
	".SH DESCRIPTION\n"
	".BR placed (8)\n"
	"reads one YAML file. Each setting is a key with its value; what is "
	"not given\n"
	"has its default. A key that is not listed here, a key given twice, a "
	"value out\n"
	"of range is an error that names file, line and column, and nothing "
	"is changed.\n"
	"Relative paths start at the folder of the file. Anchors, aliases and "
	"tags of YAML\n"
	"are not understood.\n"
	".PP\n"
	"A new file is taken as a whole, or the old one is kept, on SIGHUP or "
	"with\n"
	".BR \"placectl reload\" .\n"
	"It is not taken if it changes a setting that needs a restart.\n";

static const char tail[] = ".SH SEE ALSO\n"
			   ".BR placed (8),\n"
			   ".BR placectl (8)\n";

/* Text as troff shows it: a backslash is one, and no line is a request. */
static void
print_text(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

static void
print_facts(FILE *out, const struct conf_setting *s)
{
	char least[32], most[32];

	fputs(".br\nType: ", out);
	print_text(out, s->kind->text);
	if (s->kind->show) {
		s->kind->show(least, s->min);
		s->kind->show(most, s->max);
		fprintf(out, ".\n.br\nRange: %s to %s", least, most);
	} else if (s->kind->shape == CONF_ONE && s->max) {
		fprintf(out, ".\n.br\nRange: %llu to %llu octets",
			(unsigned long long)s->min, (unsigned long long)s->max);
	} else if (s->kind->shape == CONF_SEVERAL) {
		fprintf(out, ".\n.br\nRange: %llu to %llu entries",
			(unsigned long long)s->min, (unsigned long long)s->max);
	}
	fputs(".\n.br\n", out);
	if (s->required) {
		fputs("Required", out);
	} else {
		fputs("Default: ", out);
		print_text(out, s->fallback	    ? s->fallback
				: s->fallback_prose ? s->fallback_prose
						    : "none");
	}
	fputs(".\n", out);
}

static void
print_rows(FILE *out, const struct conf_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_setting *s = &table->rows[i];

		fputs(".TP\n.B ", out);
		print_text(out, s->key);
		fprintf(out, "\n%s\n", s->prose);
		print_facts(out, s);
	}
}

/* What has a table has a section of its own, behind the table it is in. */
static void
print_table(FILE *out, const struct conf_table *table)
{
	print_rows(out, table);
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_table *sub = table->rows[i].table;

		if (!sub)
			continue;
		fprintf(out, ".SS %s of %s\n%s\n",
			table->rows[i].kind->shape == CONF_GROUP ? "Settings"
								 : "Entries",
			sub->heading, sub->prose);
		print_table(out, sub);
	}
}

void
conf_print_manual(FILE *out)
{
	fputs(head, out);
	fputs(".SH SETTINGS\n", out);
	print_table(out, &conf_table);
	fputs(".SH EXAMPLE\nThe smallest useful file:\n.PP\n.nf\n.RS\n", out);
	for (size_t i = 0; i < ARRAY_LEN(example); i++) {
		print_text(out, example[i]);
		fputc('\n', out);
	}
	fputs(".RE\n.fi\n", out);
	fputs(tail, out);
}
