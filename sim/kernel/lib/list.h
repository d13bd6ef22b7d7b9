/* list.h - doubly linked lists with the links inside the elements. The owner of a list locks it. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(l)                                                                               \
	{                                                                                          \
		&(l), &(l)                                                                         \
	}
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_insert_before(struct list *pos, struct list *e)
{
	e->prev = pos->prev;
	e->next = pos;
	pos->prev->next = e;
	pos->prev = e;
}

static inline void list_insert_tail(struct list *l, struct list *e)
{
	list_insert_before(l, e);
}

static inline void list_insert_head(struct list *l, struct list *e)
{
	list_insert_before(l->next, e);
}

/* Leaves e alone in a list of its own, so that removing it twice is harmless. */
static inline void list_remove(struct list *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
	list_init(e);
}

/* First element, removed; NULL when there is none. */
static inline struct list *list_pop(struct list *l)
{
	struct list *e = l->next;

	if (e == l)
		return NULL;
	list_remove(e);
	return e;
}

#endif
