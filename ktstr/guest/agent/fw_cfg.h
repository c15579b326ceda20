/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that the host hands to the guest through QEMU's fw_cfg. */
#ifndef KTSTR_AGENT_FW_CFG_H
#define KTSTR_AGENT_FW_CFG_H

#include <ktstr/basics.h>

/* The file, with a zero byte after its end; NULL if there is none of that name. Free it with fw_cfg_free. */
char *fw_cfg_read(const char *name, size_t *length);
void fw_cfg_free(char *data, size_t length);

#endif
