// How a thread or a process stands at the processor beside all others. All of it is best effort: a
// kernel that does not know of it, or does not allow it, leaves things as they are.
#pragma once

namespace bulkhead::platform {

// The calling thread gives way to what serves clients: it takes this niceness (0..19).
void give_way(int niceness);

// So does this process' session as a whole. Linux shares the processor out among sessions before
// it looks at the niceness of what is in them, where autogroups are on (sched(7)). Works outside
// sandboxes only.
void let_session_give_way(int niceness);

// The calling thread, and those it starts, run in the shortest slices there are. Its share stays
// what it is, but when it wakes it need not wait until whoever runs has had a whole slice. For who
// works for moments and waits in between. Linux heeds it from 6.12 on.
void take_short_turns();

}  // namespace bulkhead::platform
