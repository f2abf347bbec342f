"""The words that stand behind a title in a release name, as data: phrase, kind, value, and how sure it is."""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from . import languages


class Strength(IntEnum):
    """How sure a word is a tag: WEAK only beside other tags, SHY only between them."""

    SHY = 0
    WEAK = 1
    STRONG = 2


class Entry(NamedTuple):
    """One known phrase."""

    rest: tuple[str, ...]
    kind: str
    value: str
    strength: Strength
    capitals: bool


Vocabulary = dict[str, tuple[Entry, ...]]

# Keys are "kind:value".
_STRONG = {
    "source:web-dl": "web-dl|webdl|web dlmux|webdlmux|webhd|web hd|web-hd|itunes|webuhd",
    "source:webrip": (
        "webrip|web rip|webmux|web mux|webrip mux|web-cap|webcap|hdrip|web-dlrip|web dlrip|webdlrip|webdl rip|"
        "web dl rip"
    ),
    "source:bluray": (
        "bluray|blu ray|bdrip|bd rip|brrip|br rip|bdfull|bd full|uhd2bd|bdmux|bdremux|bd remux|uhdremux|"
        "uhd remux|uhdbdremux|blurayremux|bluray iso|blu ray iso|complete bluray|complete uhd bluray|full bluray|"
        "full blu ray|bd25|bd50|bd66|bd100|bdmv|bdiso|bdlight|hdlight|hd light|4klight|4k light|mbluray|uhdbd|"
        "uhdbdrip|uhdrip|hddvd|hd dvd|hddvdrip|microhd|bluraydisc|blurayrip|bluray rip|bdr|bdlightrip|fullbd|"
        "full bd"
    ),
    "source:dvd": (
        "dvdrip|dvd rip|dvdr|dvd r|dvd5|dvd 5|dvd9|dvd 9|2xdvd5|2xdvd9|dvdmux|dvdremux|xvidvd|dvdivx|dvd full|"
        "dvdfull|full dvd|fulldvd|mdvdr|mdvd|dvd iso|dvdiso|dvdr5|dvdr9|2xdvd|3xdvd|2xdvdr|3xdvd9|4xdvd9"
    ),
    "source:tv": (
        "hdtv|hd tv|hdtvmux|dvbmux|satmux|pdtv|sdtv|sd tv|dsr|dsrip|tvrip|tv rip|hdtvrip|hdtv rip|satrip|sat rip|"
        "dvbrip|dvb|dvbs|dthrip|uhdtv|htdv|tvhd|digitalrip"
    ),
    "source:cam": "camrip|cam rip|hdcam|hd cam|hqcam|hq cam|newcam|camhd",
    "source:telesync": "telesync|telesynch|tele sync|hdts|hd ts|tsrip|ts rip|hqts|pdvd|predvd|predvdrip|pre dvd|tshd",
    "source:telecine": "telecine|hdtc|hd tc|tcrip",
    "source:screener": "screener|dvdscr|dvd scr|bdscr|webscr|dvdscreener|dvd screener|web screener|hdscr",
    "source:workprint": "workprint",
    "flag:remux": "remux|bdremux|bd remux|uhdremux|uhd remux|uhdbdremux|blurayremux|dvdremux",
    "flag:disc": (
        "bdmv|bd25|bd50|bd66|bd100|bdiso|bluray iso|blu ray iso|complete bluray|complete uhd bluray|full bluray|"
        "full blu ray|untouched|dvd5|dvd9|dvdr|dvd r|2xdvd5|2xdvd9|dvd 5|dvd 9|video ts|dvd full|dvdfull|"
        "full dvd|fulldvd|mdvdr|mdvd|dvd iso|dvdiso|dvdr5|dvdr9|2xdvdr|3xdvd9|4xdvd9"
    ),
    "codec:avc": "x264|h264|x 264|h 264|avc|hi10p|avc1",
    "codec:hevc": "x265|h265|x 265|h 265|hevc|hevc10",
    "codec:vvc": "x266|h266|x 266|h 266|vvc",
    "codec:av1": "av1",
    "codec:xvid": "xvid|divx|divx5|divx6|xvidvd|dvdivx",
    "codec:mpeg2": "mpeg2|mpeg 2|mpg2",
    "codec:vp9": "vp9",
    "codec:vc1": "vc1|vc 1",
    "depth:10": "10bit|10bits|10 bit|10 bits|hi10p|hi10|hi422|hevc10|yuv420p10",
    "depth:8": "8bit|8bits|8 bit|8 bits",
    "depth:12": "12bit|12bits|12 bit",
    "hdr:hdr10+": "hdr10plus|hdr10p|hdr10 plus",
    "hdr:hdr10": "hdr10",
    "hdr:hdr": "hdr",
    "hdr:dv": "dovi|dolby vision|dolbyvision|dvhdr|dv hdr",
    "hdr:hlg": "hlg",
    "hdr:sdr": "sdr",
    "audio:truehd": "truehd|true hd",
    "audio:dts-hd": "dts hd|dtshd|dts hd ma|dtshd ma|dts ma|dts hdma|dtsma|dts hd hra|dts hra",
    "audio:dts-x": "dts x|dtsx",
    "audio:dts": "dts|dts es",
    "audio:eac3": "eac3|e ac 3|e ac3|ddp|ddplus|ddpa|dd plus|dolby digital plus",
    "audio:ac3": "ac3|ac 3|ac3d|ac3ld|ac3md|dolby digital",
    "audio:aac": "aac|he aac|aac lc",
    "audio:flac": "flac",
    "audio:opus": "opus",
    "audio:mp3": "mp3",
    "audio:pcm": "lpcm|pcm",
    "resolution:1080p": "fhd|fullhd|full hd",
    "resolution:2160p": (
        "ultrahd|ultra hd|uhdremux|uhd remux|uhdbd|uhdbdrip|uhdrip|uhdbdremux|complete uhd bluray|uhd2bd"
    ),
    "french:VOSTFR": "vostfr|vost fr|vostfrench|vost french|vost vf",
    "french:VOSTA": "vosta|vosten",
    "french:SUBFRENCH": "subfrench|subfr|subfra|sub french|sub fr|sub fra|subs fr|stfr|st fr|subforced fr",
    "french:VFSTFR": "vfstfr|vfst",
    "french:TRUEFRENCH": "truefrench|true french",
    "french:VFF": "vff",
    "french:VFQ": "vfq|quebecois|québécois",
    "french:VFI": "vfi",
    "french:VF2": "vf2",
    "french:VFB": "vfb",
    "subs:multi": (
        "multisub|multisubs|multi sub|multi subs|multi subtitle|multi subtitles|multiple subtitle|"
        "multiple subtitles|msub|msubs|multi subbed"
    ),
    "subs:en": "esub|esubs|engsub|engsubs|e sub|e subs",
    "subs:hard": "hardsub|hardsubs|hardsubbed|hardcoded|hc subs|hcsub|hcsubs",
    "subs:ko hard": "korsub|korsubs",
    "dual:": "dual audio|dualaudio|dual áudio|2audio|2audios|2 audio|multi audio|multiaudio|multi lang",
    "misc:": "dxva|readnfo|nfofix",
}

_WEAK = {
    "source:web-dl": "web",
    "source:bluray": "bd|uhd bd",
    "source:dvd": "dvd|r5|r6|ntsc|pal",
    "source:cam": "cam",
    "resolution:2160p": "4k|uhd|muhd|2160",
    "resolution:1080p": "1080",
    "resolution:720p": "720",
    "hdr:hdr": "hdr10bit",
    "audio:ac3": "dd",
    "audio:atmos": "atmos",
    "audio:vorbis": "ogg|vorbis",
    "multi:": "multi|multi2|multi3|multi4|multi5|multilang|multilanguage|multilangs",
    "dual:": "dual|dubbed dual",
    "french:VF": "vf|vf1",
    "french:VOF": "vof",
    "french:VOQ": "voq",
    "french:VQ": "vq",
    "french:VO": "vo",
    "subs:": (
        "sub|subs|subtitle|subtitles|subtitulos|subtitulado|sottotitoli|napisy|titulky|ut|st|softsub|softsubs|"
        "softsubbed|subbed|legendas|srt"
    ),
    "subs:vost": "vost",
    "revision:proper": "proper",
    "revision:repack": "repack|rerip|re rip|repack2|repack3|rerip2|dirfix repack",
    "revision:real": "real",
    "edition:Extended": "extended|extended cut|extended edition|extended version|version longue",
    "edition:Unrated": "unrated|unrated cut|unrated edition",
    "edition:Uncut": "uncut|uncensored|non censuré|non censure",
    "edition:Theatrical": "theatrical|theatrical cut|theatrical version",
    "edition:Remastered": "remastered|remaster|4k remaster|4k remastered|remasterisé|restored|4k restored",
    "edition:IMAX": "imax|imax edition|imax enhanced",
    "edition:Criterion": "criterion|criterion collection|the criterion collection",
    "edition:Final Cut": "final cut|the final cut",
    "edition:Despecialized": "despecialized",
    "edition:Fan Edit": "fan edit|fanedit",
    "edition:Open Matte": "open matte",
    "edition:Redux": "redux",
    "edition:Rogue Cut": "rogue cut",
    "edition:Black and Chrome": "black and chrome|black chrome",
    "edition:Assembly Cut": "assembly cut",
    "edition:Special Edition": "special edition",
    "edition:Collector's Edition": "collectors edition|collector's edition|collector edition|édition collector",
    "edition:Ultimate Edition": "ultimate edition|ultimate cut",
    "edition:Deluxe Edition": "deluxe edition",
    "edition:Alternate Cut": "alternate cut|alternative cut|alternate ending",
    "edition:Director's Cut": (
        "director's cut|directors cut|director cut|director's edition|directors edition|dircut|dc"
    ),
    "edition:Version": "extended theatrical version|long version",
    "network:": (
        "nf|netflix|amzn|amazon|dsnp|dsny|dsnyp|disney+|hmax|hbomax|hulu|atvp|atv|aptv|pcok|pmtp|itunes|cr|"
        "crunchyroll|funi|adn|wakanim|wkn|hidive|vrv|baha|b global|bglobal|bili|viutv|stan|all4|ip|iplayer|nowtv|"
        "now|sho|starz|max|viki|ae|crav|auvio|salto|ocs|canal|molotov|6play|arte|rtbf|hbo|cc|abema|u next|"
        "hotstar|zee5|sonyliv|jio|roku|tubi|red|ytb|yt|mubi|my5|itv|itvx|ctv|cbc|cbs|nbc|fox|abc|svt|nrk|dr|"
        "viaplay|joyn|rtl|sky|skst|ma"
    ),
    "hardsub:": "hc",
    "line:": "md|ld|line|mic dubbed|line dubbed|hqld",
    "filler:": (
        "internal|integrale|intégrale|complete|ws|dubbed|dl|ml|dubs|dub|subforced|custom|internal real|read nfo|"
        "3d|retail|limited|hybrid|synced|multipl|audio|legendado"
    ),
    "misc:": (
        "fs|festival|hq|hr|hd|sd|convert|upscale|upscaled|ai upscale|mkv|mp4|avi|mpeg|mpeg4|ts|m2ts|webm|1cd|2cd|"
        "3cd|batch|fin|end|doc|hsbs|half sbs|sbs|hou|half ou|nordic|ma|hra|joc|stereo|mono|surround|2ch|6ch|8ch|"
        "proof|forced|vol|lektor|v0|bit|hi|p2p|rip|light|mhd|extras|bonus|regraded|audios|lang|original|dirfix"
    ),
}

# Two or three letters which are words in small letters; in capitals, beside other tags, they are tags.
_CAPITALS = {
    "source:telesync": "TS|HQ TS",
    "source:telecine": "TC",
    "source:screener": "SCR",
    "hdr:dv": "DV",
    "zh-subs:zh": "GB",
}

_FRENCH_WORDS = {"FRENCH": "french francais français", "FRE": "fre", "FRA": "fra", "FR": "fr"}


def _languages() -> Iterator[tuple[str, str, Strength, bool]]:
    """Every way to write a language: its code, how sure it is, whether only capitals count."""
    for code, names in languages.NAMES.items():
        yield from ((name, code, Strength.WEAK, False) for name in names.split())
    yield from ((phrase, code, Strength.WEAK, False) for phrase, code in languages.PHRASES.items())
    for name, code in languages.THREE.items():
        yield name, code, Strength.SHY if name in languages.WORDS else Strength.WEAK, False
    for name in sorted(languages.TWO.keys() - languages.SHY):
        yield name, languages.TWO[name], Strength.WEAK, True
    yield from ((name, code, Strength.SHY, name in languages.SHY) for name, code in languages.TWO.items())


def _build() -> Vocabulary:
    """The dictionary from the first word of each phrase to what may follow it, longest first."""
    found: dict[str, list[Entry]] = {}

    def add(phrase: str, kind: str, value: str, strength: Strength, *, capitals: bool = False) -> None:
        first, *rest = phrase.casefold().replace("-", " ").split()
        found.setdefault(first, []).append(Entry(tuple(rest), kind, value, strength, capitals))

    for table, strength, capitals in (
        (_STRONG, Strength.STRONG, False),
        (_WEAK, Strength.WEAK, False),
        (_CAPITALS, Strength.WEAK, True),
    ):
        for key, phrases in table.items():
            kind, _, value = key.partition(":")
            for phrase in phrases.split("|"):
                add(phrase, kind, value, strength, capitals=capitals)
    for name, code, strength, capitals in _languages():
        add(name, "language", code, strength, capitals=capitals)
    return {first: tuple(sorted(entries, key=lambda entry: -len(entry.rest))) for first, entries in found.items()}


FRENCH_TAG_OF = {word: tag for tag, words in _FRENCH_WORDS.items() for word in words.split()}

# Made once at import: the first name must not wait for it.
VOCABULARY: Vocabulary = _build()
