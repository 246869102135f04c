/** @jsxImportSource preact */

import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { choose } from '../../state/choice.ts'
import { engine } from '../../state/engine.ts'

/** What to expect of the embedded model. */
export function ToyNotice(): JSX.Element | null {
  if (engine.value.choice.model !== 'fashion-mnist') return null
  return (
    <Notice title="This model is a toy">
      <div class="toy">
        <p class="text">
          It sees 28 × 28 grey dots, enough to tell a shoe from a shirt. MobileOne S0 sees 224 × 224 in colour
          and learns far better.
        </p>
        <button type="button" class="quiet" onClick={() => choose({ model: 's0' })}>
          Use S0
        </button>
      </div>
    </Notice>
  )
}
