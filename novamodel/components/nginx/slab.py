"""Where nginx's shared memory zones put their pieces: the slab allocator, as far as capacity goes.

After src/core/ngx_slab.c (github.com/nginx/nginx, release-1.22.1) on a 64-bit machine with pages of
4096 bytes: pieces up to half a page share pages of one power of two; larger ones take whole adjacent pages.
Plain Python; used where a zone may be too small for its keys.
"""

from __future__ import annotations

PAGE_BYTES = 4096
_HEADER_BYTES = 704
_PAGE_ENTRY_BYTES = 24
_LARGEST_PIECE = PAGE_BYTES // 2


def chunk_bytes(size: int) -> int:
    """Bytes that a piece of `size` bytes really takes."""
    if size > _LARGEST_PIECE:
        return -(-size // PAGE_BYTES) * PAGE_BYTES
    return 1 << max(3, (size - 1).bit_length())


def zone_pages(zone_bytes: int) -> int:
    """Pages a zone of that size has for pieces."""
    pages = (zone_bytes - _HEADER_BYTES) // (PAGE_BYTES + _PAGE_ENTRY_BYTES)
    start = -(-(_HEADER_BYTES + pages * _PAGE_ENTRY_BYTES) // PAGE_BYTES) * PAGE_BYTES
    return max(0, min(pages, (zone_bytes - start) // PAGE_BYTES))


class Slab:
    """Pages of one zone. `take` returns the page a piece lies on, or -1; `give_back` frees it."""

    def __init__(self, zone_bytes: int) -> None:
        pages = zone_pages(zone_bytes)
        self.free_runs: list[tuple[int, int]] = [(0, pages)] if pages else []
        self.open_pages: dict[int, list[int]] = {}
        self.used: dict[int, int] = {}

    def take(self, size: int) -> int:
        chunk = chunk_bytes(size)
        if chunk > _LARGEST_PIECE:
            return self._take_pages(chunk // PAGE_BYTES)
        pages = self.open_pages.setdefault(chunk, [])
        if not pages:
            page = self._take_pages(1)
            if page < 0:
                return -1
            pages.insert(0, page)
            self.used[page] = 0
        page = pages[0]
        self.used[page] += 1
        if self.used[page] == PAGE_BYTES // chunk:
            pages.pop(0)
        return page

    def give_back(self, page: int, size: int) -> None:
        chunk = chunk_bytes(size)
        if chunk > _LARGEST_PIECE:
            self._free_pages(page, chunk // PAGE_BYTES)
            return
        pages = self.open_pages[chunk]
        if self.used[page] == PAGE_BYTES // chunk:
            pages.insert(0, page)
        self.used[page] -= 1
        if self.used[page] == 0:
            pages.remove(page)
            del self.used[page]
            self._free_pages(page, 1)

    def _take_pages(self, count: int) -> int:
        for i, (start, length) in enumerate(self.free_runs):
            if length >= count:
                rest = [(start + count, length - count)] if length > count else []
                self.free_runs[i : i + 1] = rest
                return start
        return -1

    def _free_pages(self, start: int, count: int) -> None:
        after = [run for run in self.free_runs if run[0] == start + count]
        before = [run for run in self.free_runs if sum(run) == start]
        for run in after + before:
            self.free_runs.remove(run)
        joined_start = before[0][0] if before else start
        joined = count + sum(length for _, length in after + before)
        self.free_runs.insert(0, (joined_start, joined))
