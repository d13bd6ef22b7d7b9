#include "sim/debug/gdb_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define INTERRUPT 3

/* --- the connection --- */

static bool accept_one(struct gdb_connection *g, int listener, const char *address, struct error *e)
{
	int one = 1;

	if (listen(listener, 1) != 0)
		return fail(e, "--gdb %s: %s", address, strerror(errno));
	fprintf(stderr, "ringv: waiting for gdb: target remote %s%s\n",
		address[0] == '/' || address[0] == '.' ? "" : ":", address);
	do
		g->fd = accept(listener, NULL, NULL);
	while (g->fd < 0 && errno == EINTR);
	if (g->fd < 0)
		return fail(e, "--gdb %s: %s", address, strerror(errno));
	setsockopt(g->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* a Unix socket has none */
	return true;
}

static bool listen_port(int *fd, unsigned port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int one = 1;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return false;
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return bind(*fd, (struct sockaddr *)&in, sizeof(in)) == 0;
}

static bool listen_path(int *fd, const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(un.sun_path, path, strlen(path));
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return *fd >= 0 && bind(*fd, (struct sockaddr *)&un, sizeof(un)) == 0;
}

bool gdb_connect(struct gdb_connection *g, const char *address, struct error *e)
{
	bool path = strchr(address, '/') != NULL, good;
	char *end = NULL;
	unsigned long port = path ? 0 : strtoul(address, &end, 10);
	int listener = -1;

	*g = (struct gdb_connection){.fd = -1};
	if (!path && (end == address || *end != '\0' || port == 0 || port > 65535))
		return fail(e, "--gdb %s: expected a TCP port, or a path with a /", address);
	good = path ? listen_path(&listener, address) : listen_port(&listener, (unsigned)port);
	if (good)
		good = accept_one(g, listener, address, e);
	else
		fail(e, "--gdb %s: %s", address, strerror(errno));
	if (listener >= 0)
		close(listener);
	if (path && good)
		unlink(address);
	return good;
}

void gdb_disconnect(struct gdb_connection *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

/* --- bytes --- */

static bool fill(struct gdb_connection *g)
{
	ssize_t n;

	do
		n = read(g->fd, g->in, sizeof(g->in));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	g->in_at = 0;
	g->in_count = (size_t)n;
	return true;
}

static int next_byte(struct gdb_connection *g)
{
	if (g->in_at == g->in_count && !fill(g))
		return EOF;
	return g->in[g->in_at++];
}

static bool write_bytes(struct gdb_connection *g, const char *data, size_t size)
{
	while (size != 0) {
		ssize_t n = send(g->fd, data, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

bool gdb_interrupts(struct gdb_connection *g)
{
	struct pollfd fd = {.fd = g->fd, .events = POLLIN};

	if (g->in_at == g->in_count && (poll(&fd, 1, 0) <= 0 || fd.revents == 0))
		return false;
	if (next_byte(g) == INTERRUPT)
		return true;
	/* anything else while the machine runs is an acknowledgement, or the end */
	return g->in_at == g->in_count && poll(&fd, 1, 0) > 0 && (fd.revents & (POLLHUP | POLLERR));
}

/* --- packets --- */

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(const char *text, uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(text[2 * i]);
		int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		data[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* What stands between $ and #, unescaped, and whether the checksum agrees. */
static bool receive_body(struct gdb_connection *g, struct packet *p, bool *good)
{
	uint8_t sum = 0, check;
	char digits[2];
	int c;

	p->length = 0;
	while ((c = next_byte(g)) != '#') {
		bool escaped = c == '}';

		sum = (uint8_t)(sum + c);
		if (escaped) {
			c = next_byte(g);
			sum = (uint8_t)(sum + c);
		}
		if (c == EOF || p->length == PACKET_MAX)
			return false;
		p->text[p->length++] = (char)(escaped ? c ^ 0x20 : c);
	}
	p->text[p->length] = '\0';
	digits[0] = (char)next_byte(g);
	digits[1] = (char)next_byte(g);
	*good = hex_decode(digits, &check, 1) && check == sum;
	return true;
}

bool packet_receive(struct gdb_connection *g, struct packet *p)
{
	for (;;) {
		bool good;
		int c = next_byte(g);

		if (c == EOF)
			return false;
		if (c != '$') /* acknowledgements, and an interrupt that came too late */
			continue;
		if (!receive_body(g, p, &good))
			return false;
		if (!g->no_ack && !write_bytes(g, good ? "+" : "-", 1))
			return false;
		if (good)
			return true;
	}
}

void packet_clear(struct packet *p)
{
	p->length = 0;
	p->text[0] = '\0';
}

void packet_add(struct packet *p, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p->text + p->length, sizeof(p->text) - p->length, format, args);
	va_end(args);
	SIM_ASSERT(n >= 0 && p->length + (size_t)n <= PACKET_MAX);
	p->length += (size_t)n;
}

void packet_add_hex(struct packet *p, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		packet_add(p, "%02x", data[i]);
}

void packet_add_binary(struct packet *p, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		bool escape = strchr("#$}*", data[i]) != NULL;

		SIM_ASSERT(p->length + 2 <= PACKET_MAX);
		if (escape)
			p->text[p->length++] = '}';
		p->text[p->length++] = (char)(escape ? data[i] ^ 0x20 : data[i]);
	}
	p->text[p->length] = '\0';
}

bool packet_send(struct gdb_connection *g, const struct packet *p)
{
	char tail[4];
	uint8_t sum = 0;

	for (size_t i = 0; i < p->length; i++)
		sum = (uint8_t)(sum + (uint8_t)p->text[i]);
	snprintf(tail, sizeof(tail), "#%02x", sum);
	return write_bytes(g, "$", 1) && write_bytes(g, p->text, p->length) &&
	       write_bytes(g, tail, 3);
}
