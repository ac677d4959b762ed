/* The files of the dashboard, as they were when this was built. */
#include "route.h"

#define ASSET(name, file)						\
	extern const char name[];					\
	__asm__(".section .rodata\n"					\
	    ".global " #name "\n"					\
	    #name ":\n"							\
	    ".incbin \"web/assets/" file "\"\n"				\
	    ".byte 0\n"							\
	    ".previous\n")

ASSET(asset_css, "admin.css");
ASSET(asset_js, "admin.js");
ASSET(asset_icon, "icon.svg");

static void
answer_css(struct request *req)
{
	request_reply(req, 200, "text/css; charset=utf-8", asset_css);
}

static void
answer_js(struct request *req)
{
	request_reply(req, 200, "text/javascript; charset=utf-8", asset_js);
}

static void
answer_icon(struct request *req)
{
	request_reply(req, 200, "image/svg+xml", asset_icon);
}

const struct route asset_routes[] = {
	{ "/admin/admin.css", METHOD_GET, answer_css },
	{ "/admin/admin.js", METHOD_GET, answer_js },
	{ "/admin/icon.svg", METHOD_GET, answer_icon },
	{ NULL, 0, NULL }
};
