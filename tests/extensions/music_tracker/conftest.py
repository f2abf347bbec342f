"""A scrobbling server for real clients: some lines of aiohttp around the codecs and a history."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from regie_music_tracker.history import History
from regie_music_tracker.listen import Listen
from regie_music_tracker.now_playing import NowPlayingBoard
from regie_music_tracker.protocols import audioscrobbler, listenbrainz, submissions
from regie_music_tracker.protocols.audioscrobbler import answers as lastfm
from regie_music_tracker.protocols.audioscrobbler import calls as lastfm_calls
from regie_music_tracker.protocols.listenbrainz import answers as brainz
from regie_music_tracker.protocols.listenbrainz import calls as brainz_calls
from regie_music_tracker.protocols.routes import Protocol, route
from regie_music_tracker.protocols.wire import Answer, Request, md5, preflight

USER, TOKEN, API_KEY, SECRET, SESSION = "ada", "app-token", "key", "secret", "session-1"


@dataclass
class Desk:
    """What a server does with the calls: one user, one token, a history."""

    trouble: int = 0
    troubled_track: str = ""
    requests: list[str] = field(default_factory=list)
    history: History = field(default_factory=History)
    board: NowPlayingBoard = field(default_factory=NowPlayingBoard)
    loved: dict[Any, int] = field(default_factory=dict)
    client: str = ""
    root: str = ""
    answers: list[str] = field(default_factory=list)
    answered: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, given: web.Request) -> web.Response:
        """Everything there is to do with HTTP."""
        headers = {name.lower(): value for name, value in given.headers.items()}
        request = Request(given.method, given.path, given.query_string, headers, await given.read())
        self.requests.append(f"{request.method} {request.path}")
        answer = self.answer(request)
        async with self.answered:
            self.answers.append(answer.body.decode())
            self.answered.notify_all()
        content_type = f"{answer.content_type}; charset=utf-8"
        return web.Response(
            status=answer.status, body=answer.body, headers={**answer.headers, "Content-Type": content_type}
        )

    async def until(self, met: Callable[[], object]) -> None:
        """Wait until an answer makes this true."""
        async with asyncio.timeout(30), self.answered:
            await self.answered.wait_for(met)

    def answer(self, request: Request) -> Answer:
        """The answer of whichever protocol the request speaks."""
        found = route(request)
        if request.method == "OPTIONS":
            return preflight()
        assert found, f"nobody serves {request.path}"
        if found.protocol is Protocol.LISTENBRAINZ:
            return self._guarded(lambda: self._brainz(request, found.path))
        if found.protocol is Protocol.AUDIOSCROBBLER:
            return self._guarded(lambda: self._lastfm(request))
        try:
            return submissions.encode(self._submissions(submissions.decode(request, found.path)))
        except submissions.Refusal as refusal:
            return submissions.encode(refusal)

    def _guarded(self, act: Callable[[], Answer]) -> Answer:
        try:
            return act()
        except brainz_calls.ApiError as error:
            return listenbrainz.encode(error)
        except lastfm_calls.Failure as failure:
            return audioscrobbler.encode(failure, failure.form)

    def _brainz(self, request: Request, path: str) -> Answer:
        if self.trouble:
            self.trouble -= 1
            raise brainz_calls.ApiError.busy()
        call = listenbrainz.decode(request, path, int(time.time()))
        if getattr(call, "user", USER) != USER:
            raise brainz_calls.ApiError.unknown_user(call.user)  # type: ignore[union-attr]
        if isinstance(call, brainz_calls.ValidateToken):
            return listenbrainz.encode(brainz.TokenOwner(USER if call.token == TOKEN else None))
        if getattr(call, "token", TOKEN) != TOKEN:
            raise brainz_calls.ApiError.unauthorized()
        return listenbrainz.encode(self.take(call))

    @singledispatchmethod
    def take(self, call: object) -> object:
        """What the server answers to one call of ListenBrainz or AudioScrobbler 2.0."""
        raise TypeError(call)

    @take.register
    def _(self, call: brainz_calls.SubmitListens) -> object:
        for listen in call.listens:
            self._take(listen.submission(USER, "lb", int(time.time())), is_now=call.listen_type == "playing_now")
        return brainz.Ok()

    @take.register
    def _(self, call: brainz_calls.GetListens) -> object:
        items = self.items()
        stamps = [item.listened_at or 0 for item in items]
        return brainz.ListenPage(USER, brainz.page(items, call), max(stamps, default=0), min(stamps, default=0))

    @take.register
    def _(self, _: brainz_calls.GetListenCount) -> object:
        return brainz.ListenCount(len(self.items()))

    @take.register
    def _(self, _: brainz_calls.GetPlayingNow) -> object:
        playing = self.board.playing(USER, time.time())
        items = [brainz.ListenItem(None, one.artist, one.title, one.album) for one in playing]
        return brainz.PlayingNow(USER, items[0] if items else None)

    @take.register
    def _(self, call: brainz_calls.DeleteListen) -> object:
        for listen in list(self.history.listens()):
            if (listen.start, brainz_item(listen).msid) == (call.listened_at, call.recording_msid):
                for row in listen.rows:
                    self.history.withdraw(row.submission)
        return brainz.Ok()

    @take.register
    def _(self, call: brainz_calls.RecordingFeedback) -> object:
        self.loved[call.recording_mbid or call.recording_msid] = call.score
        return brainz.Ok()

    @take.register
    def _(self, call: brainz_calls.GetFeedback) -> object:
        chosen = [brainz.FeedbackItem(score, 0, key) for key, score in self.loved.items() if score == call.score]
        return brainz.FeedbackPage(USER, chosen, len(chosen), call.offset)

    @take.register
    def _(self, call: brainz_calls.GetStats) -> object:
        rows = [{"artist_name": item.artist, "listen_count": len(self.items())} for item in self.items()[:1]]
        return brainz.Stats(USER, call.entity, call.span, rows, len(rows))

    @take.register
    def _(self, call: lastfm_calls.MobileSession) -> object:
        if not call.proves(TOKEN):
            raise lastfm_calls.Failure(lastfm_calls.Code.AUTHENTICATION, "Authentication Failed")
        return lastfm.Session(USER, SESSION)

    @take.register
    def _(self, call: lastfm_calls.Scrobble) -> object:
        if call.items[0].track == self.troubled_track:
            self.troubled_track = ""
            raise lastfm_calls.Failure(lastfm_calls.Code.TEMPORARY, "try again")
        results = [(item, lastfm.judge_time(item, int(time.time()))) for item in call.items]
        for item, ignored in results:
            if ignored is lastfm_calls.Ignored.ACCEPTED:
                self._take(item.submission(USER, "as", 0))
        return lastfm.Scrobbled(results)

    @take.register
    def _(self, call: lastfm_calls.UpdateNowPlaying) -> object:
        self._take(call.item.submission(USER, "as", int(time.time())), is_now=True)
        return lastfm.NowPlayingTaken(call.item)

    @take.register
    def _(self, call: lastfm_calls.Love) -> object:
        self.loved[call.artist, call.track] = int(call.is_loved)
        return lastfm.Done()

    @take.register
    def _(self, call: lastfm_calls.RecentTracks) -> object:
        now = [lastfm.PlayedTrack(one.artist, one.title, None) for one in self.board.playing(USER, time.time())]
        tracks, start = self.tracks(), (call.page - 1) * call.limit
        page = lastfm.Page(USER, call.page, call.limit, len(tracks))
        return lastfm.RecentPage(page, [*now, *tracks[start : start + call.limit]], call.is_extended)

    @take.register
    def _(self, call: lastfm_calls.LovedTracks) -> object:
        chosen = [lastfm.PlayedTrack(*key, 1_700_000_000) for key, score in self.loved.items() if score]
        return lastfm.LovedPage(lastfm.Page(USER, call.page, call.limit, len(chosen)), chosen)

    @take.register
    def _(self, call: lastfm_calls.Top) -> object:
        latest = self.tracks()[0]
        page = lastfm.Page(USER, call.page, call.limit, 1)
        return lastfm.TopPage(page, call.kind, [lastfm.TopItem(latest.track, len(self.tracks()), latest.artist)])

    @take.register
    def _(self, _: lastfm_calls.UserInfo) -> object:
        return lastfm.UserCard(USER, len(self.tracks()), 1_500_000_000)

    def items(self) -> list[brainz.ListenItem]:
        """The history as ListenBrainz tells it."""
        return [brainz_item(listen) for listen in self.history.listens()]

    def tracks(self) -> list[lastfm.PlayedTrack]:
        """The history as Last.fm tells it, newest first."""
        return sorted(map(played, self.history.listens()), key=lambda one: -(one.timestamp or 0))

    def _take(self, submission: Any, *, is_now: bool = False) -> None:
        if is_now:
            self.board.start(submission, "client", time.time())
        else:
            self.history.submit(submission)

    def _lastfm(self, request: Request) -> Answer:
        if self.trouble:
            self.trouble -= 1
            raise lastfm_calls.Failure(lastfm_calls.Code.TEMPORARY, "try again")
        decoded = audioscrobbler.decode(request, {API_KEY: SECRET}.get)
        if getattr(decoded.call, "session", SESSION) not in {SESSION, ""}:
            raise lastfm_calls.Failure(lastfm_calls.Code.BAD_SESSION, "unknown session", decoded.form)
        return audioscrobbler.encode(self.take(decoded.call), decoded.form)

    def _submissions(self, call: Any) -> Any:
        if isinstance(call, submissions.Handshake):
            self.client = call.client
            if not call.proves_md5(md5(TOKEN)):
                raise submissions.Refusal(submissions.BAD_AUTH)
            return submissions.Welcome(SESSION, self.root)
        if self.trouble:
            self.trouble -= 1
            raise submissions.failed("try again")
        if call.session != SESSION:
            raise submissions.Refusal(submissions.BAD_SESSION)
        is_now = isinstance(call, submissions.NowPlaying)
        for track in [call.track] if is_now else call.tracks:
            submission = track.submission(USER, "12", client=self.client, now=int(time.time()))
            self._take(submission, is_now=is_now)
        return submissions.Ok()


def brainz_item(listen: Listen) -> brainz.ListenItem:
    """A listen as ListenBrainz tells it."""
    row = listen.anchor.submission
    info = row.raw.get("additional_info", {})
    return brainz.ListenItem(listen.start, row.artist, row.title, row.album, info)


def played(listen: Listen) -> lastfm.PlayedTrack:
    """A listen as Last.fm tells it."""
    row = listen.anchor.submission
    return lastfm.PlayedTrack(row.artist, row.title, listen.start, row.album, row.recording_mbid, row.loved)


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Desk, str]]:
    """The server, and its address on loopback."""
    app, serving = web.Application(), Desk()
    app.router.add_route("*", "/{path:.*}", serving.handle)
    async with TestServer(app) as server:
        serving.root = str(server.make_url("/")).rstrip("/")
        yield serving, serving.root
