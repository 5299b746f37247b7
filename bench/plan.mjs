/** How long each part runs: a short plan for a look, the default one for figures. Every stretch is bounded. */

const DEFAULT = {
  requests: {
    rounds: 5,
    warmMs: 1_000,
    warmAnswers: 8_000,
    roundMs: 1_000,
    lanes: 64,
    aloneMs: 600,
    otherLatenciesMs: [0, 250],
  },
  streams: { rounds: 4, warmRounds: 2, lanes: 24, firstByteMs: 800, openStreams: 1_000 },
  receipts: { rounds: 15, warmRounds: 3, waiting: 64, answers: 2_000 },
  quoting: { rate: 1_000, warmAnswers: 8_000, loadMs: 6_000, stallMs: 10_000, costRounds: 7, costAnswers: 6_000 },
  verifying: { rounds: 9, reports: 80, receipts: 200 },
  platforms: { rounds: 15, cold: 11 },
  history: { leaves: 1_000_000, manyLeaves: 10_000_000 },
  client: { rounds: 7, warmRounds: 2, lanes: 12, answers: 1_000, first: 7 },
  measuring: { rounds: 5, several: { count: 8, mebibytes: 256 }, large: { count: 1, mebibytes: 2_048 } },
  launch: { rounds: 9, kernelMebibytes: 12, initrdMebibytes: 200 },
}

const SHORT = {
  requests: {
    rounds: 2,
    warmMs: 300,
    warmAnswers: 1_000,
    roundMs: 300,
    lanes: 64,
    aloneMs: 150,
    otherLatenciesMs: [],
  },
  streams: { rounds: 1, warmRounds: 1, lanes: 24, firstByteMs: 150, openStreams: 200 },
  receipts: { rounds: 2, warmRounds: 1, waiting: 64, answers: 1_000 },
  quoting: { rate: 1_000, warmAnswers: 1_000, loadMs: 2_000, stallMs: 2_000, costRounds: 2, costAnswers: 1_500 },
  verifying: { rounds: 2, reports: 20, receipts: 50 },
  platforms: { rounds: 5, cold: 3 },
  history: { leaves: 20_000, manyLeaves: 100_000 },
  client: { rounds: 2, warmRounds: 1, lanes: 6, answers: 150, first: 2 },
  measuring: { rounds: 2, several: { count: 8, mebibytes: 16 }, large: { count: 1, mebibytes: 128 } },
  launch: { rounds: 2, kernelMebibytes: 12, initrdMebibytes: 200 },
}

/** The plan, with what the simulated device does: 8 ms for a quote, as measured on hardware; throttled, ten quotes and then a stall. */
export function createPlan({ short }) {
  const plan = short ? SHORT : DEFAULT
  return {
    ...plan,
    device: { latencyMs: 8, intervalMs: 1_000, throttle: { burst: 10, stallMs: plan.quoting.stallMs } },
  }
}
