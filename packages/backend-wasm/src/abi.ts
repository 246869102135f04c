/**
 * What the kernels (AssemblyScript) and the planner (TypeScript) agree on; both compile this one file.
 *
 * A step is a record of STEP_WORDS little-endian i32 words. Word 0 is the kernel, word 1 the number of units its work
 * can be split into, the rest is named below. Sizes are in elements unless a name says bytes; every pointer is a byte
 * offset into the one linear memory.
 *
 * Feature maps are NHWC with the channels padded to a multiple of 4; the contents of the padding are never read into
 * a real channel. A weight panel holds 8 output channels: 8 biases, then 8 weights for each k; the last panel holds 4
 * where the padded channel count is an odd multiple of 4.
 */
export const STEP_WORDS = 32

/** 16 bytes that stay zero: the rows above and below an image. */
export const ZEROS = 64
/** Where the planner's memory begins. */
export const HEAP = 1024

export const GEMM = 1
export const GEMV = 2
export const CONV = 3
export const STEM = 4
export const DEPTHWISE3 = 5
export const DEPTHWISE = 6
export const UNARY = 7
export const ADD = 8
export const MUL = 9
export const SCALE = 10
export const POOL = 11
export const SOFTMAX = 12
export const TO_NHWC = 13
export const TO_NCHW = 14

export const NONE = 0
export const RELU = 1
export const SIGMOID = 2
export const SILU = 3
export const GELU = 4

export const BY_PIXELS = 0
export const BY_PANELS = 1

/** Every record. */
export const OP = 0
export const UNITS = 1
export const SRC = 2
export const DST = 3
/** GEMM, GEMV, CONV, STEM, DEPTHWISE: packed weights. ADD, MUL: the second value. SCALE: its scales. */
export const WEIGHTS = 4
export const ACTIVATION = 5

/** GEMM, GEMV, CONV. */
export const K = 6
export const PANELS = 7
/** 1 when the last panel is 4 wide. */
export const NARROW = 8
export const SRC_STRIDE = 9
export const DST_STRIDE = 10
export const SPLIT = 11
/** Pixels whose rows stay in the level-2 cache while all panels pass over them. */
export const BLOCK = 12
export const PIXELS = 13

/** CONV, STEM, DEPTHWISE3, DEPTHWISE. */
export const IN_H = 14
export const IN_W = 15
export const OUT_H = 16
export const OUT_W = 17
export const KERNEL_H = 18
export const KERNEL_W = 19
export const STRIDE_H = 20
export const STRIDE_W = 21
export const PAD_H = 22
export const PAD_W = 23
export const DILATION_H = 24
export const DILATION_W = 25
/** Input channels of one group. */
export const IN_C = 26
export const GROUPS = 27
/** Output channels of one group. */
export const OUT_C = 28
/** 1 when the source is NCHW. */
export const PLANAR = 29
/** Padded channels of the source. */
export const CHANNELS = 30

/** GEMM, CONV: rows of a panel that stay in the level-1 cache. */
export const K_BLOCK = 31

/** UNARY, ADD, MUL, SCALE, POOL, SOFTMAX, TO_NHWC, TO_NCHW reuse K for channels and PIXELS for height x width. */
export const SHIFT = 14
/** SCALE: bytes from one image's scales to the next; 0 when all images share them. */
export const SCALE_STRIDE = 15
