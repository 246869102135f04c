export function apart(found: ArrayLike<number>, wanted: ArrayLike<number>): number
export function largestDifference(found: ArrayLike<number>, wanted: ArrayLike<number>): number
