#ifndef KANATA_VERSION_H
#define KANATA_VERSION_H

#define KANATA_VERSION	"0.1.0"

#endif
