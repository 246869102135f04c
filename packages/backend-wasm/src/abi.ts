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
 *
 * What a convolution in int8 reads are levels, 0 to 127 (core's integer-weight.ts), 16 bytes a pixel: u8, [C / 16][N x H x W][16], or, in
 * the plain build, i16, [C / 8][N x H x W][8].
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
export const COPY = 17
export const SHUFFLE = 18
export const LAYER_NORM = 19
export const TRANSPOSE = 20
export const MATMUL = 21
export const ATTENTION = 22
export const DEPTHWISE_ROWS = 23
export const AFFINE = 24
export const MAXIMUM = 25
export const BLEND = 26
export const LEVELS = 27
export const GEMM_INT8 = 28
export const GEMV_INT8 = 29

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
export const LARGEST_LEVEL = 23

/** GEMM_INT8: what adds products, see scripts/gemm-tile-int8.mjs. */
export const RDOT16 = 0
export const RDOT16X4 = 1
export const RELAXED_DOT_ADD = 2
export const DOT_I16 = 3

/** GEMM_INT8: bytes of the scales, biases and diagonal of a panel, before its weights; GEMV_INT8: of scales and biases. */
export const PANEL_HEAD = 96
export const VECTOR_HEAD = 64

export const BY_PIXELS = 0
export const BY_PANELS = 1

/** Every record. */
export const OP = 0
export const UNITS = 1
export const SRC = 2
export const DST = 3
/** GEMM, GEMV, CONV, STEM, DEPTHWISE: packed weights. LEVELS: by what a channel is multiplied. ADD, MUL, MAXIMUM: the second value. SCALE: its scales. */
export const WEIGHTS = 4
export const ACTIVATION = 5

/**
 * Length of the reduction, for GEMM_INT8 in blocks of 16 bytes of a pixel; the real channels of SOFTMAX, LAYER_NORM, FROM_NCHW and TO_NCHW; those that
 * COPY moves.
 */
export const K = 6
export const PANELS = 7
/** DEPTHWISE3: by what results are multiplied to be in steps, where they are stored as levels; else 0. */
export const INVERSE = 7
export const SRC_PLANE = 8
export const DST_PLANE = 9
/** GEMM, CONV: whether units are pixels or panels. */
export const SPLIT = 10
/**
 * GEMM, CONV: pixels whose inputs stay in the level-2 cache while all panels pass over them. DEPTHWISE_ROWS: output rows whose inputs do.
 * ATTENTION: queries of a unit.
 */
export const BLOCK = 11
/** GEMM, CONV, MATMUL, ATTENTION: rows of a panel that stay in the level-1 cache; a multiple of 8. */
export const K_BLOCK = 12
/** GEMM_INT8: which of the sums of products. */
export const DOT = 12
/**
 * GEMM, CONV: pixels of the whole batch. SCALE, BLEND, POOL, FROM_NCHW, TO_NCHW: height x width. COPY: rows of a unit. MATMUL, ATTENTION:
 * rows of an item of the first value; TRANSPOSE: of the second.
 */
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
/** DEPTHWISE3: ZERO_FLOATS zeros, read for a column outside of the image; MATMUL, ATTENTION: the bias. */
export const ZEROS = 31
/** CONV: weights of a filter whose inputs are gathered at a time, a multiple of 8; 0 where they are gathered value by value. */
export const CHUNK = 31

export const ZERO_FLOATS = 8
/** Kernels write so many pixels of 8 channels, 16 KB, before they finish them. */
export const BAND_PIXELS = 512

/** SCALE: what is added after the product; 0 for nothing. */
export const SHIFT = 15
/** SCALE: 1 when every image has its own scales. */
export const PER_IMAGE = 16

/** UPSAMPLE: 1 where one row and one column make a result. */
export const NEAREST = 19
/** UPSAMPLE: for each row and each column of the result a vector, two indices and their shares. */
export const ROWS = 20
export const COLUMNS = 21

/** COPY: the first channel; what precedes it in bytes is SRC_OFFSET and DST_OFFSET. */
export const SRC_START = 15
export const DST_START = 17
/** COPY: bytes from one row to the next. */
export const SRC_STEP = 18
export const DST_STEP = 20

/** SOFTMAX, LAYER_NORM: rows that go together, and the bytes of scratch memory that they need. */
export const ROW_BLOCK = 32
export const ROW_BLOCK_BYTES: number = ROW_BLOCK * 48
/** LAYER_NORM: float32. */
export const EPSILON = 15

/** MATMUL, ATTENTION: what the products are multiplied by, float32. */
export const FACTOR = 14
/** MATMUL: bytes from the panels of an item to those of the next, and from panel to panel. */
export const ITEM_STEP = 15
export const PANEL_STEP = 16

/**
 * TRANSPOSE, ATTENTION: an item is told by an outer and an inner index, of which there are HEADS. For each place what precedes the first,
 * and from one to the next of the outer and of the inner index, in bytes.
 */
export const HEADS = 15
export const SRC_OFFSET = 16
export const DST_OFFSET = 19
export const VALUES_OFFSET = 22
/** GEMM_INT8: whether there is a diagonal. */
export const DIAGONAL = 15

/** ATTENTION: keys, and the values, one for each. */
export const KEYS = 25
export const VALUES = 26
export const VALUES_PLANE = 27

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
