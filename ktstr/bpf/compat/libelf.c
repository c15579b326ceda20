// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Debian 13's static libelf (0.192) lacks: opening a file initialises a search tree, and closing it clears
 * that, with functions of elfutils' internal libeu, which is in no package. The tree is filled only by
 * elf_getdata_rawchunk(), which libbpf does not call; were it called, its own two functions would be missing at
 * link time. A libelf that has them overrides these.
 */
struct search_tree {
	void *root; /* a lock follows in builds with locks; unused while the tree is empty */
};

__attribute__((weak)) void eu_search_tree_init(struct search_tree *tree)
{
	tree->root = 0;
}

__attribute__((weak)) void eu_search_tree_fini(struct search_tree *tree, void (*free_node)(void *))
{
	(void)tree;
	(void)free_node;
}
