/* gdb_packet.h - packets of gdb's remote protocol over a connected socket.
 *
 * Checksums, acknowledgements and escapes stay in here. "Overview" of "Remote Protocol".
 */
#ifndef DEBUG_GDB_PACKET_H
#define DEBUG_GDB_PACKET_H

#include "sim/base/error.h"

#define PACKET_MAX 16384

struct gdb_connection {
	int fd;
	bool no_ack; /* both sides have agreed to leave acknowledgements out */
	uint8_t in[4096];
	size_t in_at, in_count;
};

struct packet {
	size_t length;
	char text[PACKET_MAX + 1]; /* a zero follows */
};

/* Listens at a TCP port of this host, or at a path, and waits for one connection. */
MUST_CHECK bool gdb_connect(struct gdb_connection *g, const char *address, struct error *e);
void gdb_disconnect(struct gdb_connection *g);

/* The next packet; false when the connection has ended. */
MUST_CHECK bool packet_receive(struct gdb_connection *g, struct packet *p);

/* Did gdb ask for an interrupt (or has it gone)? Does not wait. */
bool gdb_interrupts(struct gdb_connection *g);

void packet_clear(struct packet *p);
void packet_add(struct packet *p, const char *format, ...) PRINTF(2, 3);
void packet_add_hex(struct packet *p, const uint8_t *data, size_t size);

/* Adds bytes as they are, escaped where the protocol wants it. */
void packet_add_binary(struct packet *p, const char *data, size_t size);

MUST_CHECK bool packet_send(struct gdb_connection *g, const struct packet *p);

/* Two hex digits a byte; false if text is not that. */
MUST_CHECK bool hex_decode(const char *text, uint8_t *data, size_t size);

#endif
