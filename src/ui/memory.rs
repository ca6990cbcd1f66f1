//! How the window uses memory, told to the allocator.

/// What a large window takes for one frame and lets go after it, several times over, in bytes.
const A_FRAME: usize = 16 << 20;

/// Lets the allocator keep what one frame freed for the next. Once, before the first frame.
///
/// A frame takes some megabytes for its shapes and meshes and frees them all. The allocator of glibc gives the system back
/// what is free at the end of its heap beyond a threshold, 128 KiB at first, and takes it again page by page in the next
/// frame, which made a frame of trends and gauges 1.7 times as long. The threshold becomes twice the largest block that was
/// ever freed (mallopt(3), `M_MMAP_THRESHOLD`, up to 32 MiB), so that one is freed here; nothing is written to it, and it is never
/// resident. Other allocators take no notice.
pub fn keep_what_a_frame_frees() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(A_FRAME)));
}
