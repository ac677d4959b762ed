#include <sys/random.h>

#include <openssl/crypto.h>
#include <string.h>

#include <bsd/string.h>

#include "../common/log.h"
#include "sessions.h"

static struct session sessions[SESSIONS_MAX];

static void
make_token(char *token)
{
	uint8_t bytes[SESSION_TOKEN / 2];
	unsigned i;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		fatal("getrandom");
	for (i = 0; i < sizeof(bytes); i++) {
		token[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		token[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	token[SESSION_TOKEN] = '\0';
	explicit_bzero(bytes, sizeof(bytes));
}

static bool
same_token(const char *ours, const char *given)
{
	/* As long for any that is wrong. */
	return (strlen(given) == SESSION_TOKEN &&
	    CRYPTO_memcmp(ours, given, SESSION_TOKEN) == 0);
}

static void
clear(struct session *s)
{
	explicit_bzero(s, sizeof(*s));
}

static struct session *
find_room(uint64_t now)
{
	struct session *s, *oldest = &sessions[0];

	for (s = sessions; s < sessions + SESSIONS_MAX; s++) {
		if (s->token[0] == '\0' || s->ends <= now)
			return (s);
		if (s->serial < oldest->serial)
			oldest = s;
	}
	return (oldest);
}

const struct session *
session_open(const char *user, uint64_t now)
{
	static uint64_t serial;
	struct session *s = find_room(now);

	clear(s);
	make_token(s->token);
	make_token(s->form);
	strlcpy(s->user, user, sizeof(s->user));
	s->ends = now + SESSION_TIME;
	s->serial = ++serial;
	return (s);
}

const struct session *
session_find(const char *token, uint64_t now)
{
	struct session *s, *found = NULL;

	for (s = sessions; s < sessions + SESSIONS_MAX; s++)
		if (s->token[0] != '\0' && same_token(s->token, token))
			found = s;
	if (found == NULL || found->ends > now)
		return (found);
	clear(found);
	return (NULL);
}

bool
session_form_ok(const struct session *s, const char *form)
{
	return (form != NULL && same_token(s->form, form));
}

void
session_close(const struct session *s)
{
	clear(&sessions[s - sessions]);
}

void
session_close_all(void)
{
	explicit_bzero(sessions, sizeof(sessions));
}
