/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { bytes, milliseconds, percent } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { ScrollRegion } from '../../ui/scroll-region.tsx'
import type { LayerProfileFacts, LayerRow } from './checkpoint-facts.ts'
import { layerProfile, profileCheckpoint } from './open-checkpoint.ts'

type Order = 'run' | 'ms' | 'gflops' | 'traffic'

/** Where the time of a run goes, layer by layer. */
export function ProfilePanel(): JSX.Element {
  const state = layerProfile.value
  return (
    <section class="panel" aria-labelledby="profile-title">
      <h2 id="profile-title">Where the time goes</h2>
      {state.status === 'done' ? (
        <ProfileTable profile={state.value} />
      ) : (
        <p>Times every layer of the folded network on the WebAssembly kernels of this page, one thread.</p>
      )}
      {state.status === 'failed' && (
        <Notice kind="error" title="The layers could not be timed">
          {state.message}
        </Notice>
      )}
      <div class="row">
        <button type="button" class="quiet" disabled={state.status === 'busy'} onClick={profileCheckpoint}>
          {state.status === 'busy' ? 'Measuring…' : state.status === 'done' ? 'Measure again' : 'Profile it'}
        </button>
      </div>
    </section>
  )
}

const columns: readonly {
  readonly order: Order
  readonly title: string
  readonly about: string
  readonly cell: (row: LayerRow) => string
}[] = [
  { order: 'ms', title: 'time', about: 'median of nine runs', cell: ({ ms }) => milliseconds(ms) },
  {
    order: 'gflops',
    title: 'of the peak',
    about: 'multiply-adds a second, of what WebAssembly can do here',
    cell: ({ macs, peakShare }) => (macs > 0 ? percent(peakShare, 0) : ''),
  },
  {
    order: 'traffic',
    title: 'memory',
    about: 'weights read and values written',
    cell: ({ traffic }) => bytes(traffic),
  },
]

function ProfileTable({ profile }: { readonly profile: LayerProfileFacts }): JSX.Element {
  const [order, setOrder] = useState<Order>('run')
  const rows = order === 'run' ? profile.rows : [...profile.rows].sort((a, b) => b[order] - a[order])
  const most = Math.max(...profile.rows.map(({ share }) => share))
  return (
    <>
      <p>
        {milliseconds(profile.ms)} in {profile.rows.length} steps; WebAssembly reaches{' '}
        {profile.peakGflops.toFixed(0)} GFLOP/s on one thread here.
      </p>
      <div class="row">
        <label>
          Sort by{' '}
          <select value={order} onChange={({ currentTarget }) => setOrder(currentTarget.value as Order)}>
            <option value="run">the order they run in</option>
            <option value="ms">time</option>
            <option value="gflops">multiply-adds a second</option>
            <option value="traffic">memory</option>
          </select>
        </label>
      </div>
      <ScrollRegion label="Layers" class="layers">
        <table>
          <thead>
            <tr>
              <th scope="col">layer</th>
              {columns.map(({ title, about }) => (
                <th key={title} scope="col" class="numeric" title={about}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.node} ${row.kernel}`}>
                <th scope="row">
                  {row.node} <span class="muted">{row.kernel}</span>
                  <progress max={most || 1} value={row.share} aria-hidden="true" />
                </th>
                {columns.map(({ title, cell }) => (
                  <td key={title} class="numeric">
                    {cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </>
  )
}
