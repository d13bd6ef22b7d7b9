#include "sim/replay/stage.h"

bool stage_set(struct stage *stage, const struct session *s, struct machine *m, struct error *e)
{
	*stage = (struct stage){0};
	if (s->schedule.count == 0)
		return true;
	stage->images = session_images(s, e);
	if (stage->images == NULL)
		return false;
	stage->watch = watch_create(m, stage->images);
	stage->director = director_create(m, stage->watch, &s->schedule, s->program, e);
	if (stage->director != NULL)
		return true;
	stage_clear(stage);
	return false;
}

void stage_clear(struct stage *stage)
{
	director_destroy(stage->director);
	watch_destroy(stage->watch);
	images_destroy(stage->images);
	*stage = (struct stage){0};
}
