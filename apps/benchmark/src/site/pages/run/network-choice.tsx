/** @jsxImportSource preact */
import { DropZone } from '@mobileone/site-kit/drop-zone'
import { bytes } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { networkTitle } from '../../names.ts'
import { type Family, families } from '../../networks/catalogue.ts'
import { ChoiceBox } from '../../parts/choice-box.tsx'
import { choice, choose, chooseOwn, type OwnNetwork, ownNetwork } from './run-state.ts'

/** Which networks, at which input. */
export function NetworkChoice(): JSX.Element {
  const { networks, size, batch } = choice.value
  const [first, ...others] = families
  return (
    <section class="panel" aria-labelledby="networks-title">
      <div class="panel-head">
        <h3 id="networks-title">Networks</h3>
        <p class="muted small" aria-live="polite">
          {networks.map((name) => networkTitle(name)).join(', ') || 'None'}
        </p>
      </div>
      {first && <NetworkList family={first} />}
      {others.map((family) => (
        <FamilyChoice key={family.title} family={family} />
      ))}
      <OwnNetworkChoice />
      <div class="fields">
        <label class="field">
          <span>Picture size</span>
          <select
            value={size ?? ''}
            onChange={({ currentTarget }) =>
              choose({ size: currentTarget.value === '' ? undefined : Number(currentTarget.value) })
            }
          >
            <option value="">Each network’s own</option>
            {withCurrent(sizes, size).map((pixels) => (
              <option key={pixels} value={pixels}>
                {pixels} × {pixels}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Pictures at once (batch)</span>
          <select
            value={batch}
            onChange={({ currentTarget }) => choose({ batch: Number(currentTarget.value) })}
          >
            {withCurrent(batches, batch).map((count) => (
              <option key={count} value={count}>
                {count}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="muted small">
        Weights are random, and nothing is downloaded: speed does not depend on their values, and errors show
        all the same.
      </p>
    </section>
  )
}

const sizes = [96, 128, 160, 192, 224, 256, 320, 384]
const batches = [1, 2, 4, 8, 16]

function withCurrent(values: readonly number[], current: number | undefined): readonly number[] {
  return current === undefined || values.includes(current)
    ? values
    : [...values, current].sort((a, b) => a - b)
}

function FamilyChoice({ family }: { readonly family: Family }): JSX.Element {
  const chosen = family.networks.filter(({ name }) => choice.value.networks.includes(name)).length
  const [isOpen] = useState(chosen > 0)
  return (
    <details class="family" open={isOpen}>
      <summary>
        <span>{family.title}</span>
        <span class="muted small">
          {chosen > 0 ? `${chosen} of ${family.networks.length} chosen` : `${family.networks.length}`}
        </span>
      </summary>
      {family.about && <p class="muted small">{family.about}</p>}
      <NetworkList family={family} />
    </details>
  )
}

function NetworkList({ family }: { readonly family: Family }): JSX.Element {
  const { networks } = choice.value
  return (
    <div class="choices tight">
      {family.networks.map(({ name, title, macs }) => (
        <ChoiceBox
          key={name}
          type="checkbox"
          name="network"
          value={name}
          isChosen={networks.includes(name)}
          title={title}
          note={macsText(macs)}
          onChange={(isChosen) =>
            choose({ networks: isChosen ? [...networks, name] : networks.filter((other) => other !== name) })
          }
        />
      ))}
    </div>
  )
}

/** `275 M`, `11.8 G`: multiply-adds. */
function macsText(macs: number): string {
  return macs < 1e9 ? `${Math.round(macs / 1e6)} M` : `${(macs / 1e9).toFixed(1)} G`
}

function OwnNetworkChoice(): JSX.Element {
  const own = ownNetwork.value
  return (
    <DropZone
      accept=".safetensors,.pt,.pth,.tar,.bin,.onnx"
      label={own ? 'Choose another file' : 'Choose a network of your own'}
      onFiles={([chosen]) => void chooseOwn(chosen)}
    >
      {own ? (
        <OwnFile own={own} />
      ) : (
        <p class="muted small">
          An ONNX model with one input and one output, or weights of any of these networks, safetensors or
          PyTorch; drop the file anywhere. It stays on this device.
        </p>
      )}
    </DropZone>
  )
}

function OwnFile({ own: { file, found } }: { readonly own: OwnNetwork }): JSX.Element {
  return (
    <>
      <p class="row">
        <span class="file-name">
          {file.name} ({bytes(file.size)})
        </span>
        <button type="button" class="plain" onClick={() => void chooseOwn(undefined)}>
          Leave it out
        </button>
      </p>
      {found && 'refusal' in found ? (
        <Notice kind="error" title="This file cannot be measured">
          {found.refusal}
        </Notice>
      ) : (
        <p class="muted small" role="status">
          {found
            ? `${found.name}: ${found.inputShape.slice(1).join(' × ')}, ${macsText(found.macs)} multiply-adds, ${bytes(found.weightBytes)} of weights.`
            : 'Reading it…'}
        </p>
      )}
    </>
  )
}
