#include "sim/cpu/marks.h"

#include <stdlib.h>

size_t marks_from(const struct marks *m, uint64_t la)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (m->at[middle].la < la)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool marks_has(const struct marks *m, uint64_t la)
{
	size_t i = marks_from(m, la);

	return i < m->count && m->at[i].la == la;
}

bool marks_add(struct marks *m, uint64_t la)
{
	size_t i = marks_from(m, la);

	if (i < m->count && m->at[i].la == la) {
		m->at[i].users++;
		return false;
	}
	if (m->count == m->room) {
		m->room = m->room != 0 ? 2 * m->room : 64;
		m->at = realloc(m->at, m->room * sizeof(m->at[0]));
		SIM_ASSERT(m->at != NULL);
	}
	memmove(&m->at[i + 1], &m->at[i], (m->count - i) * sizeof(m->at[0]));
	m->at[i] = (struct mark){la, 1};
	m->count++;
	return true;
}

bool marks_remove(struct marks *m, uint64_t la)
{
	size_t i = marks_from(m, la);

	SIM_ASSERT(i < m->count);
	SIM_ASSERT(m->at[i].la == la);
	if (--m->at[i].users != 0)
		return false;
	m->count--;
	memmove(&m->at[i], &m->at[i + 1], (m->count - i) * sizeof(m->at[0]));
	return true;
}
