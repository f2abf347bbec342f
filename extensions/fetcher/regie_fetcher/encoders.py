"""H.264 encoders: which of them work here is known by trying, not by FFmpeg's list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .errors import ConversionFailed, NoSpace
from .ffmpeg import Tools, run

_TRIAL_S = 15.0
_RENDER_NODE = "/dev/dri/renderD128"


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder's name and what it wants on the command line."""

    name: str
    options: Mapping[str, str]
    filters: tuple[tuple[str, str], ...] = ()
    device: tuple[str, ...] = ()


SOFTWARE = Encoder("libx264", MappingProxyType({"preset": "veryfast", "crf": "21", "profile:v": "high"}))
HARDWARE = (
    Encoder("h264_nvenc", MappingProxyType({"preset": "p5", "cq": "23", "profile:v": "high"})),
    Encoder("h264_qsv", MappingProxyType({"global_quality": "23", "profile:v": "high"})),
    Encoder(
        "h264_vaapi",
        MappingProxyType({"qp": "23", "profile:v": "high"}),
        (("format", "nv12"), ("hwupload", "")),
        ("-vaapi_device", _RENDER_NODE),
    ),
    Encoder("h264_v4l2m2m", MappingProxyType({"b:v": "6M"})),
)


@dataclass(slots=True)
class Encoders:
    """Chooses the best encoder that works, and remembers those that failed."""

    tools: Tools
    candidates: tuple[Encoder, ...] = HARDWARE
    works: dict[str, bool] = field(default_factory=dict)

    async def choose(self) -> Encoder:
        """The first hardware encoder that encodes a frame, else x264."""
        for encoder in self.candidates:
            if encoder.name not in self.works:
                self.works[encoder.name] = await self._try(encoder)
            if self.works[encoder.name]:
                return encoder
        return SOFTWARE

    def distrust(self, encoder: Encoder) -> None:
        """Use an encoder no more: it failed in the middle of a job."""
        self.works[encoder.name] = False

    async def _try(self, encoder: Encoder) -> bool:
        chain = ",".join(name + (f"={value}" if value else "") for name, value in encoder.filters)
        command = [self.tools.ffmpeg, "-nostdin", "-v", "error", *encoder.device]
        command += ["-f", "lavfi", "-i", "color=size=256x144:rate=1", "-frames:v", "1"]
        command += ["-vf", chain] if chain else ["-pix_fmt", "yuv420p"]
        command += ["-c:v", encoder.name, "-f", "null", "-"]
        try:
            await run(command, on_line=lambda _: None, stall_s=_TRIAL_S)
        except (ConversionFailed, NoSpace):
            return False
        return True
