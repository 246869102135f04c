/** `about 40 s left`, `about 3 min left`. */
export function timeLeft(seconds: number): string {
  if (seconds < 1.5) return 'nearly done'
  if (seconds < 90) return `about ${Math.ceil(seconds)} s left`
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`
  return `about ${(seconds / 3600).toFixed(1)} h left`
}

/** What to do about the error of a run, after what happened. */
export function adviceOn({ code, message }: { readonly code: string; readonly message: string }): string {
  switch (code) {
    case 'wrong-result':
      return 'The loss is no number any more: the steps were too large. Choose a smaller learning rate, such as 0.1 or 0.03, and train anew.'
    case 'unavailable':
      return /memory|allocat|bytes/i.test(message)
        ? `Memory ran out (${message}). Choose a smaller width, fewer pictures a step or smaller pictures, train one network at a time, or close other tabs.`
        : message
    default:
      return message
  }
}

/**
 * How far apart two accuracies must be for `pictures` held-out ones to tell them from luck: two standard errors of the difference of two
 * proportions, of 1.
 */
export function leastDifference(accuracy: number, pictures: number): number {
  return 2 * Math.sqrt((2 * accuracy * (1 - accuracy)) / pictures)
}
