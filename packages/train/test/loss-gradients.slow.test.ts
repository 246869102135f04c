import { test } from 'vitest'
import { expectSlopes, models } from './loss-slopes.ts'

test.each(Object.entries(models))(
  'gradients of %s are the slopes of the float64 loss, everywhere',
  (_, make) => expectSlopes(make(), 4),
)
