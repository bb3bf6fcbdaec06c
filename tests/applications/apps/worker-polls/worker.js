import { AutoRouter, cors, error, StatusError, text, withContent } from "itty-router";
import { customAlphabet } from "nanoid";
import { z } from "zod/mini";
import { Poll } from "./poll.js";
import polls from "./polls.json" with { type: "json" };

const kept = new Map(Object.entries(polls.polls).map(([id, poll]) => [id, new Poll(poll.question, poll.choices)]));
const { preflight, corsify } = cors({ origin: "*", maxAge: polls.cors["max-age"] });
// An alphabet of one letter, because the answer must be the same each time.
const newId = customAlphabet("a", 6);
const Vote = z.object({ choice: z.string().check(z.minLength(1)) });

const withPoll = (request) => {
  request.poll = kept.get(request.params.id);
  if (!request.poll) throw new StatusError(404, { missing: request.params.id });
};

const router = AutoRouter({ base: "/v1", before: [preflight], finally: [corsify] });
router
  .get("/polls", () => [...kept.keys()])
  .get("/polls/:id", withPoll, ({ poll }) => poll)
  .post("/polls", withContent, ({ content }) => {
    const id = newId();
    kept.set(id, new Poll(content.question, content.choices));
    return { id };
  })
  .post("/polls/:id/votes", withPoll, withContent, ({ poll, content }) => {
    const vote = Vote.safeParse(content);
    if (!vote.success) return error(400, z.prettifyError(vote.error));
    return poll.vote(vote.data.choice);
  })
  .get("/polls/:id/winner.:format?", withPoll, ({ poll, params, query }) =>
    params.format === "txt" ? text(`${poll.winner()} ${query.mark ?? ""}`) : { winner: poll.winner() },
  )
  .all("/crash", () => null.property);

export default { ...router };
