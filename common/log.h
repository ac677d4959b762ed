/*
 * The log.  The parent writes to standard error or syslog; a worker writes
 * `<level time>text` lines to its standard error, a pipe that the parent reads,
 * escapes and passes on with the worker's name.
 */
#ifndef KANATA_LOG_H
#define KANATA_LOG_H

#include <sys/types.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

enum log_to {
	LOG_TO_STDERR,		/* plain text with time: -d, kanatactl */
	LOG_TO_SYSLOG,
	LOG_TO_PARENT		/* a worker */
};

void	 log_init(enum log_to, const char *name);
/* How a line to standard error or to syslog looks instead. */
struct log_record {
	int		 priority;	/* of syslog(3) */
	const char	*process;	/* a worker's name; NULL: this program */
	pid_t		 pid;		/* of who says it */
	uint64_t	 at;		/* us since 1970, when it was said */
	const char	*text;		/* may hold any byte but NUL */
};
/* Writes one line, no newline, and a NUL into at most size bytes. */
typedef void	(*log_layout_fn)(char *, size_t, const struct log_record *);
/* NULL: as at the start, with time and names. */
void	 log_set_layout(log_layout_fn);

void	 log_set_verbose(int);
int	 log_is_verbose(void);

/* log_warn and fatal add the text of errno, the x forms do not. */
void	 log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 log_warnx(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 fatal(const char *, ...) __attribute__((format(printf, 1, 2), noreturn));
void	 fatalx(const char *, ...) __attribute__((format(printf, 1, 2), noreturn));

/*
 * Untrusted text made fit for a log line: at most 200 bytes of it, control
 * characters and bytes that are not UTF-8 escaped as vis(3) does.  Returns one
 * of eight static buffers in turn.
 */
const char	*log_safe(const char *);
/* The same of at most 2048 bytes, for a text of a message whole; one static
 * buffer. */
const char	*log_safe_long(const char *);

/* Bytes of the well-formed UTF-8 sequence of more than one byte that this begins
 * with, C1 controls left out; 0: it is none. */
size_t	 log_utf8_length(const char *);

/*
 * The parent, for one line that a worker wrote.  Its time is taken if it is of the
 * last minute.  Returns the text alone, within the line, and its priority.
 */
const char	*log_worker_line(const char *worker, pid_t, const char *line,
		    int *priority);

#endif
