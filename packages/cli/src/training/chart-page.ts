/** Draws a training log as it grows: loss of the batches and their mean by epoch above, accuracy below. */
export const chartPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Training</title>
<style>
  :root { color-scheme: light dark; --ink: #1b1f24; --quiet: #6b7480; --grid: #d9dee4; --a: #1f6feb; --b: #c2410c; --c: #188038; --page: #fff }
  @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --quiet: #97a1ad; --grid: #30363d; --a: #6cb0ff; --b: #ff9e6b; --c: #6fd08c; --page: #0f1318 } }
  body { margin: 2rem auto; padding: 0 1rem; max-width: 60rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page) }
  h1 { font-size: 1.3rem; margin: 0 } h2 { font-size: 1rem; margin: 1.5rem 0 .25rem }
  #now { color: var(--quiet); font-variant-numeric: tabular-nums; min-height: 1.5em }
  svg { width: 100%; height: 15rem; display: block } text { fill: var(--quiet); font-size: 11px }
  .key { color: var(--quiet); font-size: .85rem } .key i { display: inline-block; width: 1.2em; height: 3px; vertical-align: middle; margin: 0 .3em 0 1em }
</style>
<h1 id="name">Training</h1>
<div id="now">waiting for the first step</div>
<h2>Loss</h2><svg id="loss" role="img" aria-label="Loss by epoch"></svg>
<div class="key"><i style="background:var(--a);opacity:.45"></i>batch<i style="background:var(--b)"></i>mean of the epoch</div>
<h2>Top-1 accuracy</h2><svg id="top1" role="img" aria-label="Accuracy by epoch"></svg>
<div class="key"><i style="background:var(--b)"></i>training batches, augmented<i style="background:var(--c)"></i>validation, averaged weights</div>
<script type="module">
  const steps = [], epochs = []
  let run = {}, frame = 0
  new EventSource('events').onmessage = ({ data }) => {
    const entry = JSON.parse(data)
    if (entry.type === 'start') { run = entry; steps.length = epochs.length = 0 }
    if (entry.type === 'step') steps.push(entry)
    if (entry.type === 'epoch') epochs.push(entry)
    frame ||= requestAnimationFrame(draw)
  }
  const percent = (value) => (100 * value).toFixed(2) + ' %'
  function draw() {
    frame = 0
    const total = run.recipe?.epochs ?? epochs.at(-1)?.epochs ?? 1
    const last = steps.at(-1), done = epochs.at(-1)
    document.getElementById('name').textContent = run.model ? run.model + ' on ' + run.dataset : 'Training'
    document.getElementById('now').textContent = [
      last && 'step ' + last.step + ' of ' + last.steps + ' (epoch ' + last.epoch + ' of ' + total + ')',
      last && Math.round(last.imagesPerSecond) + ' images/s',
      done?.top1 !== undefined && 'validation ' + percent(done.top1),
    ].filter(Boolean).join(' · ')
    const at = (step) => (step.step / step.steps) * total
    chart('loss', total, [
      { points: steps.map((step) => [at(step), step.loss]), color: 'var(--a)', opacity: 0.45 },
      { points: epochs.map((epoch) => [epoch.epoch, epoch.loss]), color: 'var(--b)', dots: true },
    ], (value) => value.toFixed(2))
    chart('top1', total, [
      { points: epochs.map((epoch) => [epoch.epoch, epoch.trainTop1]), color: 'var(--b)', dots: true },
      { points: epochs.filter((epoch) => epoch.top1 !== undefined).map((epoch) => [epoch.epoch, epoch.top1]), color: 'var(--c)', dots: true },
    ], (value) => Math.round(100 * value) + ' %')
  }
  function chart(id, right, lines, label) {
    const [width, height, margin] = [900, 240, 46]
    const values = lines.flatMap(({ points }) => points.map(([, y]) => y))
    if (values.length === 0) return
    let [low, high] = [Math.min(...values), Math.max(...values)]
    if (high - low < 1e-6) [low, high] = [low - 0.05, high + 0.05]
    const x = (value) => margin + (value / right) * (width - margin - 10)
    const y = (value) => 8 + ((high - value) / (high - low)) * (height - 34)
    const ticks = Array.from({ length: 5 }, (_, index) => low + ((high - low) * index) / 4)
    const every = Math.max(1, Math.ceil(right / 12))
    const marks = Array.from({ length: Math.floor(right / every) + 1 }, (_, index) => index * every)
    document.getElementById(id).setAttribute('viewBox', '0 0 ' + width + ' ' + height)
    document.getElementById(id).innerHTML =
      ticks.map((tick) => '<line x1="' + margin + '" x2="' + (width - 10) + '" y1="' + y(tick) + '" y2="' + y(tick) + '" stroke="var(--grid)"/><text x="' + (margin - 6) + '" y="' + (y(tick) + 4) + '" text-anchor="end">' + label(tick) + '</text>').join('') +
      marks.map((mark) => '<text x="' + x(mark) + '" y="' + (height - 8) + '" text-anchor="middle">' + mark + '</text>').join('') +
      lines.map(({ points, color, opacity = 1, dots }) =>
        '<polyline fill="none" stroke="' + color + '" stroke-opacity="' + opacity + '" stroke-width="1.5" points="' + points.map(([a, b]) => x(a).toFixed(1) + ',' + y(b).toFixed(1)).join(' ') + '"/>' +
        (dots ? points.map(([a, b]) => '<circle r="2.5" fill="' + color + '" cx="' + x(a) + '" cy="' + y(b) + '"/>').join('') : '')).join('')
  }
</script>
</html>
`
