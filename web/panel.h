/* The parts of the dashboard's page; each is one element with an id. */
#ifndef KANATA_WEB_PANEL_H
#define KANATA_WEB_PANEL_H

#include "html.h"
#include "mirror.h"

/* panel.c */
void	 panel_summary(struct evbuffer *);
void	 panel_incidents(struct evbuffer *);
void	 panel_silences(struct evbuffer *);
void	 panel_workers(struct evbuffer *);
void	 panel_watches(struct evbuffer *);

/* panel_component.c */
void	 panel_component(struct evbuffer *, const struct component *);
/* The class of a status and its words. */
const char *panel_status_class(enum page_status);
const char *panel_status_words(enum page_status);
/* Of a component with that id: what people call it. */
const char *panel_component_name(const char *id);

#endif
