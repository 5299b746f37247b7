// Policy and lock file come from the page's own server, never from the gateway's.
import { createAttestedFetch, decodeLock, decodePolicy, receiptOf } from 'countersign'
import { defineBadge } from 'countersign/badge'
import { FAILURE_CODES } from 'countersign/failure-codes'
import { createOhttpChannel } from 'countersign/ohttp'
import { createIndexedDbStore } from 'countersign/receipts'

defineBadge()
const { gateway, model } = document.body.dataset
const find = (name) => document.querySelector(name)
const [form, answer, badge, kept] = [find('form'), find('output'), find('countersign-badge'), find('#kept')]
badge.explain = (code) => FAILURE_CODES[code]
const load = async (file) => (await fetch(file)).text()
const policy = decodePolicy(await load('countersign.policy.json'))
const lock = decodeLock(await load('countersign.lock.json'))
const store = createIndexedDbStore()
const attestedFetch = createAttestedFetch({ policy, lock, store, channel: createOhttpChannel() })
for (const jti of await store.list()) kept.append(`${jti} ${(await store.get(jti))?.grade} `)

/** Shows an event stream while it comes. It breaks before its end if the answer does not verify. */
async function showEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  for (let [read, rest] = [await reader.read(), '']; !read.done; read = await reader.read()) {
    const lines = `${rest}${read.value}`.split('\n')
    rest = lines.pop()
    for (const line of lines)
      if (line.startsWith('data: {')) answer.append(JSON.parse(line.slice(6)).choices?.[0]?.delta.content ?? '')
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  answer.textContent = ''
  const { key, prompt } = Object.fromEntries(new FormData(form))
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: prompt }] })
  const response = attestedFetch(`${gateway}/chat/completions`, { method: 'POST', headers, body })
  badge.show(response.then(receiptOf))
  await response.then((given) => showEvents(given.body)).catch(() => answer.replaceChildren('The answer is withdrawn.'))
})
