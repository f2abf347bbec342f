"""Carries a plan out with FFmpeg, tells how far it is, and looks at what came of it."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from .arguments import Settings, convert_arguments, webvtt_arguments
from .budget import Clock
from .encoders import SOFTWARE, Encoder, Encoders
from .errors import ConversionFailed, Unreadable
from .ffmpeg import Tools, run
from .media import Media, Subtitle
from .plan import PLANNER_VERSION, Action, Plan, make_plan
from .probe import Prober
from .progress import OnProgress, Progress, Step, ignore

# How much of its length a result may lose: frames at the edges, but no part of the film.
_LOST_S = 1.0
_LOST_SHARE = 0.02


class ProgressReader:
    """Makes FFmpeg's `-progress` lines into our progress, a block at a time."""

    def __init__(self, duration_s: float | None, clock: Clock = time.monotonic) -> None:
        self._duration_s = duration_s
        self._clock = clock
        self._started = clock()
        self._block: dict[str, str] = {}

    def feed(self, line: str) -> Progress | None:
        """Take a line; the last of a block gives a progress."""
        key, _, value = line.partition("=")
        self._block[key.strip()] = value.strip()
        if key.strip() != "progress":
            return None
        block, self._block = self._block, {}
        return self._read(block)

    def _read(self, block: Mapping[str, str]) -> Progress:
        try:
            done_s = max(int(block["out_time_us"]) / 1e6, 0.0)
        except (KeyError, ValueError):  # N/A until the first frame is out
            done_s = 0.0
        if block["progress"] == "end" and self._duration_s:
            done_s = self._duration_s
        speed = self._speed(block, done_s)
        left_s = None if self._duration_s is None else max(self._duration_s - done_s, 0.0)
        eta_s = left_s / speed if left_s is not None and speed else None
        return Progress(Step.CONVERT, done_s, self._duration_s, speed, eta_s)

    def _speed(self, block: Mapping[str, str], done_s: float) -> float | None:
        try:
            return float(block.get("speed", "").removesuffix("x"))
        except ValueError:
            elapsed = self._clock() - self._started
            return done_s / elapsed if elapsed > 0 and done_s > 0 else None


class Converter:
    """Conversions with one FFmpeg; as many at once as it was given slots."""

    def __init__(
        self,
        tools: Tools,
        prober: Prober,
        *,
        encoders: Encoders | None = None,
        settings: Settings | None = None,
        slots: int = 1,
    ) -> None:
        self.tools = tools
        self.prober = prober
        self._encoders = encoders or Encoders(tools, candidates=())
        self._settings = settings or Settings()
        self._slots = asyncio.Semaphore(slots)

    def recipe(self, preset: str) -> str:
        """What, beside the source, decides the bytes of a result."""
        return f"plan {PLANNER_VERSION}/ffmpeg {self.tools.version}/threads {self._settings.threads}/{preset}"[:255]

    async def convert(
        self, source: Path, media: Media, plan: Plan, target: Path, on_progress: OnProgress = ignore
    ) -> Media:
        """Write the planned file and return what was verified in it.

        A hardware encoder that fails is left for x264, a copy that fails for an encode.
        """
        async with self._slots:
            encoder = await self._encoder(plan)
            try:
                return await self._once(source, media, plan, target, encoder=encoder, on_progress=on_progress)
            except (ConversionFailed, Unreadable):
                if encoder is not SOFTWARE:
                    self._encoders.distrust(encoder)
                elif _copies(plan):
                    plan = plan.encoding_all()
                else:
                    raise
            return await self._once(source, media, plan, target, encoder=SOFTWARE, on_progress=on_progress)

    async def write_webvtt(self, source: Path, media: Media, folder: Path) -> dict[Subtitle, Path]:
        """Write a file's text subtitles as `<stream>.vtt`; one that cannot be read is left out.

        It takes no slot: one reading of the file must not wait for another's conversion.
        """
        targets = {each: folder / f"{each.index}.vtt" for each in media.subtitles if each.is_text}
        if not targets or await self._write_webvtt(source, targets):
            return targets
        return {each: path for each, path in targets.items() if await self._write_webvtt(source, {each: path})}

    async def _write_webvtt(self, source: Path, targets: Mapping[Subtitle, Path]) -> bool:
        command = webvtt_arguments(self.tools, targets, source)
        try:
            await run(command, on_line=lambda _: None, stall_s=self._settings.stall_s, nice=self._settings.nice)
        except ConversionFailed:
            return False
        return True

    async def _encoder(self, plan: Plan) -> Encoder:
        encodes = plan.video is not None and not plan.video.is_copied
        return await self._encoders.choose() if encodes else SOFTWARE

    async def _once(
        self,
        source: Path,
        media: Media,
        plan: Plan,
        target: Path,
        *,
        encoder: Encoder,
        on_progress: OnProgress,
    ) -> Media:
        command = convert_arguments(self.tools, plan, source, target, settings=self._settings, encoder=encoder)
        reader = ProgressReader(media.duration_s)

        def on_line(line: str) -> None:
            progress = reader.feed(line)
            if progress is not None:
                on_progress(progress)

        try:
            await run(command, on_line=on_line, stall_s=self._settings.stall_s, nice=self._settings.nice)
            return await self.verify(media, plan, target)
        except BaseException:
            _discard(target)
            raise

    async def verify(self, media: Media, plan: Plan, target: Path) -> Media:
        """Probe a result: nothing may be left to do, and nothing may be missing."""
        result = await self.prober.probe(target)
        left = make_plan(result)
        if left.action is not Action.KEEP:
            raise ConversionFailed(f"The result would not play: {left.why}")
        if len(result.audios) != len(plan.audios) or bool(result.videos) != (plan.video is not None):
            raise ConversionFailed("The result lacks a stream")
        if media.duration_s is not None:
            lost_s = media.duration_s - (result.duration_s or 0.0)
            if lost_s > max(_LOST_S, media.duration_s * _LOST_SHARE):
                raise ConversionFailed(f"The result ends {lost_s:.1f} s before its source does")
        return result


def _discard(target: Path) -> None:
    target.unlink(missing_ok=True)


def _copies(plan: Plan) -> bool:
    video = plan.video is not None and plan.video.is_copied
    return video or any(each.is_copied for each in plan.audios)
