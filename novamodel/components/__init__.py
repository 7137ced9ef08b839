"""Components as state plus small rules that know no clock and no event queue."""
