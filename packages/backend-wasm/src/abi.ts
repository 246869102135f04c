/**
 * What the kernels (AssemblyScript) and the planner (TypeScript) agree on; both compile this one file.
 *
 * A step is a record of STEP_WORDS little-endian i32 words. Word 0 is the kernel, word 1 the number of units its work
 * can be split into, the rest is named below. Every pointer is a byte offset into the one linear memory; a plane is the
 * distance in bytes from 8 channels to the next 8.
 *
 * A feature map is [C / 8][N x H x W][8]: groups of 8 channels, the pixels of the whole batch one after the other in
 * each, 32 bytes a pixel. Whatever lies in the padding of the last group is never read into a real channel. A weight
 * panel holds 8 output channels: 8 biases, then 8 weights for each k.
 */
export const STEP_WORDS = 32

/** Where constants begin, first the numbers of the kernels: no address is 0. What a run changes lies behind them. */
export const HEAP = 64

/** Bytes of the control words of the threads (chunk-scheduler.ts), with which that begins. */
export const CONTROL_BYTES = 1024

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
export const FROM_NCHW = 13
export const TO_NCHW = 14
export const MAX_POOL = 15
export const UPSAMPLE = 16
export const CHANNELS = 17
export const RUNS = 18
export const SHUFFLE = 19
export const DEPTHWISE_ROWS = 20
export const AFFINE = 21
export const MAXIMUM = 22
export const BLEND = 23

export const NONE = 0
/** Kernels apply relu to their sums, and the others to what they have written (assembly/activate-f32.ts); GEMM and CONV relu6 too. */
export const RELU = 1
export const RELU6 = 2
export const SIGMOID = 3
export const SILU = 4
export const GELU = 5
export const HARD_SIGMOID = 6
export const HARD_SWISH = 7

/**
 * Which number of those that lie at HEAP, f32, their values in pack.ts. V8 makes a constant vector anew wherever it stands, in four
 * instructions, and loads one in one.
 */
export const ROUND = 0
export const EXP_MAX = 1
export const EXP_MIN = 2
export const LOG2_E = 3
export const LN2_LOW = 4
export const LN2_HIGH = 5
export const EXP_5 = 6
export const EXP_4 = 7
export const EXP_3 = 8
export const EXP_2 = 9
export const EXP_1 = 10
export const ONE = 11
export const THREE = 12
export const SIX = 13
export const SIXTH = 14
export const HALF = 15
export const SQRT_HALF = 16
export const ERF_P = 17
export const ERF_1 = 18
export const ERF_2 = 19
export const ERF_3 = 20
export const ERF_4 = 21
export const ERF_5 = 22

export const BY_PIXELS = 0
export const BY_PANELS = 1

/** Every record. */
export const OP = 0
export const UNITS = 1
export const SRC = 2
export const DST = 3
/** GEMM, GEMV, CONV, STEM, DEPTHWISE: packed weights. ADD, MUL, MAXIMUM: the second value. SCALE: its scales. */
export const WEIGHTS = 4
export const ACTIVATION = 5

/** Length of the reduction; the real channels of SOFTMAX, FROM_NCHW and TO_NCHW; those that CHANNELS moves. */
export const K = 6
export const PANELS = 7
export const SRC_PLANE = 8
export const DST_PLANE = 9
/** GEMM, CONV: whether units are pixels or panels. */
export const SPLIT = 10
/** GEMM, CONV: pixels whose inputs stay in the level-2 cache while all panels pass over them. DEPTHWISE_ROWS: output rows whose inputs do. */
export const BLOCK = 11
/** GEMM, CONV: rows of a panel that stay in the level-1 cache; a multiple of 8. */
export const K_BLOCK = 12
/** GEMM, CONV: pixels of the whole batch. SCALE, BLEND, POOL, FROM_NCHW, TO_NCHW: height x width. RUNS: pixels of a run. */
export const PIXELS = 13
export const BATCH = 14

/** CONV, STEM, DEPTHWISE3, DEPTHWISE_ROWS, DEPTHWISE; some of them MAX_POOL and UPSAMPLE. */
export const IN_H = 15
export const IN_W = 16
export const OUT_H = 17
export const OUT_W = 18
export const KERNEL_H = 19
export const KERNEL_W = 20
export const STRIDE_H = 21
export const STRIDE_W = 22
export const PAD_H = 23
export const PAD_W = 24
export const DILATION_H = 25
export const DILATION_W = 26
/** Input channels of one group. */
export const IN_C = 27
export const GROUPS = 28
/** Output channels of one group. */
export const OUT_C = 29
/** 1 when the source is NCHW. */
export const PLANAR = 30
/** DEPTHWISE3: ZERO_FLOATS zeros, read for a column outside of the image. */
export const ZEROS = 31
/** CONV: weights of a filter whose inputs are gathered at a time, a multiple of 8; 0 where they are gathered value by value. */
export const CHUNK = 31

export const ZERO_FLOATS = 4

/** SCALE: what is added after the product; 0 for nothing. */
export const SHIFT = 15
/** SCALE: 1 when every image has its own scales. */
export const PER_IMAGE = 16

/** UPSAMPLE: 1 where one row and one column make a result. */
export const NEAREST = 19
/** UPSAMPLE: for each row and each column of the result a vector, two indices and their shares. */
export const ROWS = 20
export const COLUMNS = 21

/** CHANNELS: the first channel. RUNS: the first pixel. */
export const SRC_START = 15
export const DST_START = 16
/** RUNS: pixels from one run to the next. */
export const SRC_STEP = 17
export const DST_STEP = 18

/** AFFINE: the bits of two f32. */
export const SCALE_BY = 15
export const OFFSET = 16

/** BLEND: values of one pixel, or 0; SHIFT_1 is that of SCALE_1. */
export const SCALE_1 = 15
export const SHIFT_1 = 16
export const SCALE_2 = 17
export const SHIFT_2 = 18
/** BLEND: the channel of the source that each is shifted by, or 0. */
export const TABLE = 19
/** BLEND: which of SCALE_1, SHIFT_1, SCALE_2, SHIFT_2, from the lowest bit on, have one number an image in place of one a channel. */
export const PER_ITEM = 20
export const TERMS = 21
