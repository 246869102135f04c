import { useEffect, useState } from 'preact/hooks'
import { nextPlayed, type Position, start, stepMs } from './fold-steps.ts'
import { position, studied } from './opened.ts'

/** Steps that follow one another by themselves. */
export interface Playing {
  readonly isPlaying: boolean
  /** From the beginning where the end is reached. */
  readonly play: () => void
  readonly pause: () => void
}

/** Plays the folding of `blocks` blocks until its end, a pause, or the component is left. */
export function usePlaying(blocks: number): Playing {
  const [isPlaying, setPlaying] = useState(false)
  const at = position.value
  const known = studied.value
  useEffect(() => {
    if (!isPlaying) return
    const next = nextPlayed(at, known, blocks)
    if (!next) {
      // A block that is not taken apart yet is waited for.
      if (known.length === blocks) setPlaying(false)
      return
    }
    const timer = setTimeout(() => {
      position.value = next
    }, stepMs(at))
    return () => clearTimeout(timer)
  }, [isPlaying, at, known, blocks])
  return {
    isPlaying,
    play() {
      if (isAtEnd(at, blocks)) position.value = start
      setPlaying(true)
    },
    pause: () => setPlaying(false),
  }
}

function isAtEnd(at: Position, blocks: number): boolean {
  return studied.peek().length === blocks && nextPlayed(at, studied.peek(), blocks) === undefined
}
