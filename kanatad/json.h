/* A tree of YAML as JSON, for what is handed on (the config of exec plugins). */
#ifndef KANATA_JSON_H
#define KANATA_JSON_H

#include <stdio.h>

#include "yaml.h"

/* Text in quotes; it is UTF-8, as libyaml has checked. */
void	 json_text(FILE *, const char *);
/*
 * Plain text that YAML 1.1 has for true and false, as kubectl reads it, or null or a
 * number of JSON is that; any other is text.
 */
void	 json_node(FILE *, const struct yaml_node *);

#endif
