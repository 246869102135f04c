/** Reading a step record; the words are named in src/abi.ts. */

// @ts-ignore: decorator
@inline
export function at(step: usize, word: i32): i32 {
  return load<i32>(step + (<usize>word << 2))
}

// @ts-ignore: decorator
@inline
export function pointer(step: usize, word: i32): usize {
  return load<usize>(step + (<usize>word << 2))
}

// @ts-ignore: decorator
@inline
export function real(step: usize, word: i32): f32 {
  return load<f32>(step + (<usize>word << 2))
}
