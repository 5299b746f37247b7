/** Every vector under attestation-fixtures/nitro: its verdict, and for a bad one the code of the first failure. */
import { describeVectors } from '../../kit/vectors.ts'
import { fixtureNames, judgeFixture, readFixture } from './fixture.ts'

describeVectors('attestation-fixtures/nitro', {
  fixtures: fixtureNames().map(readFixture),
  least: 200,
  judge: (fixture) => judgeFixture(fixture),
})
