"""What an amount buys: "/ MTok", "per 1,000 input tokens", "元/百万token/小时", "每千次".

A unit is a whole word ("/ M" is not the beginning of "/ month") and is never guessed. Units that belong to other
goods (a month, a seat, a gigabyte) are recognised too and called `foreign`: an amount over one is no model's price.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from scrapers.reading.currencies import find_currencies
from scrapers.reading.text import clean, has_digits, openings, pieces_of

FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Unit:
    """`per` of `unit`: Unit(1000000, "token"); `is_implied` where the page names a scale and no noun ("/M")."""

    per: Decimal
    unit: str
    is_implied: bool = False


@dataclass(frozen=True, slots=True)
class FoundUnit:
    """A unit and the words that say it; `rest` are the words inside the phrase that say something else ("input")."""

    start: int
    end: int
    unit: Unit
    rest: str = ""


_MAGNITUDES = {
    "k": 3, "thousand": 3, "thousands": 3, "千": 3, "mille": 3, "mil": 3, "tausend": 3, "ribu": 3, "тысяч": 3,
    "тысячу": 3, "тыс": 3, "천": 3, "万": 4, "萬": 4, "만": 4, "十万": 5,
    "m": 6, "mm": 6, "million": 6, "millions": 6, "mio": 6,
    "mio.": 6, "mln": 6, "mln.": 6, "млн.": 6, "тыс.": 3, "тысячи": 3, "тысяча": 3, "миллионам": 6,
    "millionen": 6, "millón": 6, "millon": 6, "millones": 6, "milione": 6, "milioni": 6, "milhão": 6, "milhões": 6,
    "miljoen": 6, "juta": 6, "миллион": 6, "миллиона": 6, "миллионов": 6, "млн": 6, "百万": 6, "百萬": 6, "백만": 6,
    "千万": 7, "亿": 8, "億": 8, "b": 9, "billion": 9, "十亿": 9,
}  # fmt: skip
_NOUNS = {
    "token": (
        "token tokens tok toks tk tks token(s) トークン 토큰 token数 tokens数 词元 詞元 令牌 權杖 权杖 jeton "
        "jetons токен токена токенов токены "
        "ficha fichas"
    ),
    "character": (
        "character characters char chars 字符 字 文字 글자 zeichen caractère caractères caracteres carácter caratteri "
        "символ символа символов символы 字元 文字数 문자 karakter"
    ),
    "image": (
        "image images img imgs picture pictures 图片 图像 圖片 张图片 张图 张 張 幅 枚 画像 이미지 "
        "bild bilder bildes immagine immagini 圖像 장 изображений изображения картинка "
        "imagen imágenes imagem imagens изображение gambar"
    ),
    "video": (
        "video videos clip clips 影片 비디오 视频 个视频 個視頻 条视频 動画 동영상 vidéo vidéos vídeo vídeos видео"
    ),
    "second": (
        "second seconds sec secs s 秒 秒钟 秒鐘 초 sekunde sekunden seconde secondes segundo segundos secondo secondi "
        "секунда секунд секунду секунды detik"
    ),
    "minute": (
        "minute minutes min mins 分 分钟 分鐘 分間 분 minuten minuto minutos minuti минута минут минуту минуты menit"
    ),
    "hour": "hour hours hr hrs h 小时 小時 時間 시간 stunde stunden heure heures hora horas ora ore час часов часа jam",
    "request": (
        "프롬프트 プロンプト 提示 提示詞 提示词 промпт промптов perintah comando comandos instrucciones instruções "
        "richiesta "
        "request requests call calls use uses query queries search searches session prompt prompts invocation "
        "invocations operation operations req reqs 次 次调用 次请求 次搜索 回 请求 請求 调用 搜索 "
        "リクエスト 회 요청 anfrage anfragen requête "
        "requêtes solicitud solicitudes richiesta richieste requisição requisições "
        "запрос запроса запросов вызов вызовов "
        "permintaan kueri appel appels llamada llamadas chamada chamadas "
        "chiamata chiamate consulta consultas query 查詢 查询 クエリ 件 쿼리 호출 건 "
        "aufruf aufrufe suchanfrage suchanfragen run "
        "runs"
    ),
    "page": (
        "page pages 页 頁 ページ 페이지 seite seiten página páginas pagina pagine 頁面 页面 страница страниц "
        "halaman"
    ),
    "other": (
        "song songs 首 step steps tile tiles 音色 voice voices frame frames document documents 篇 个 個 file neuron "
        "neurons credit credits unit units result results search_unit generation "
        "pixel pixels megapixel megapixels 像素 ピクセル 픽셀 píxeles"
    ),
    FOREIGN: (
        "month months mo 月 个月 個月 年 year years yr day days 天 日 周 week weeks "
        "seat seats user users member members 人 "
        "席位 用户 gb gib tb mb cu tpm rpm qps ptu ptus gsu 算力单元 实例 instance gpu "
        "node monat jahr mois mes año anno "
        "mese ano mês bulan tahun месяц 季 季度 repo kb license app workspace vector 知识库 account device developer "
        "container core vcpu model unit token-unit 단위"
    ),
}  # fmt: skip
_NOUN_OF = {word: unit for unit, words in _NOUNS.items() for word in words.split(" ")}
_SELF_SCALED = {
    "mtok": 6, "mtoks": 6, "mtoken": 6, "mtokens": 6, "mtk": 6, "mt": 6, "ktok": 3, "ktoks": 3, "ktoken": 3,
    "ktokens": 3, "kt": 3, "m tok": 6, "百万t": 6, "千t": 3, "mchar": 6, "kchars": 3,
}  # fmt: skip
_ADJECTIVES = (
    r"(?:(?:input|output|cached?|cache[ds]?|read|write|prompt|completion|text|audio|image|video|training|search"
    r"|grounded|generated|"
    r"standard|reasoning|api|web|tool|of|de|di|d|processed|uncached|non|hit|miss|embedding|speech|full|scanned"
    r"|characters?|entrée|sortie|entrada|saída|salida|ingresso|uscita|del|de la|du|des|masukan|keluaran|dari"
    r"|входных|выходных|входящих|исходящих|"
    r"输入|输出|輸入|輸出|缓存|文本|音频|入力|出力|eingabe|ausgabe)(?![a-zà-ÿ])[\s\-'’/]*|[\[{(]\s*)"
)


def _either(words: dict[str, object] | dict[str, int] | dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_EDGE = r"(?![a-zÀ-ɏЀ-ӿ0-9])"  # a unit is a whole word; Chinese writes on without a space
_THOUSANDS = r"[0-9]{1,3}(?:(?:,[0-9]{3}){1,3}|(?:\.[0-9]{3}){1,3}|(?:[ '’][0-9]{3}){1,3})"
_NUMBER = rf"(?P<num>{_THOUSANDS}|[0-9]{{1,9}})"
_COUNTER = r"(?:\s*[个個개])?"
_MAG = rf"(?P<mag>{_either(_MAGNITUDES)})"
_MAG_END = r"(?:\s*[个個])?(?=[\s\-]|[^\x00-\x7f]|tok|char|$|[)\]/,;])"
_SELF = rf"(?:1\s?)?(?P<self>{_either(_SELF_SCALED)}){_EDGE}"
_NOUN = rf"(?P<noun>{_either(_NOUN_OF)})(?:\(s\))?{_EDGE}"
_SEPARATOR = (
    r"(?:(?<![0-9][km])/\s*(?:per\s+|pro\s+|par\s+|por\s+|за\s+)?|(?<![a-zà-ÿа-я])(?:per|pro(?=\s+(?:[0-9]|mio|million"
    r"|tausend|tok|anfrage|aufruf|bild(?![a-z])|minute|sekunde|seite|stunde|zeichen))|por|par|pour|je|for|al|za|за|на|ogni"
    r"|setiap|tiap|(?:стоимость|цена)(?=\s+(?:одно|1\s)))\s+(?:each\s+|every\s+|cada\s+|chaque\s+|каждый\s+|каждые\s+|один\s+|одну\s+|одно(?:го|й)\s+|un\s+|un[ae]\s+|um\s+|uma\s+)?|每\s*)"
)
_HOUR = r"(?:hours?|hr|h|小时|小時|時間|时间|시간|stunde|heure|hora|ora|час|jam)(?![a-zà-ÿа-я])(?:あたり|당)?"
_STORAGE = rf"(?P<storage>\s*(?:[/*·×\-]\s*(?:per\s+)?|per\s+|par\s+|por\s+|pro\s+|all['’]|в\s+|за\s+|每\s*){_HOUR})?"
_HOURLY = (
    r"(?:(?P<hourly>(?:per\s+hour|1\s?時間あたり|時間あたり|每\s?(?:1\s?)?小[时時]|시간당)\s*)[/、,]?\s*(?:每\s*)?)?"
)
_WITH_SEPARATOR = re.compile(
    rf"{_SEPARATOR}(?=[^\W_]|[\[({{]){_HOURLY}(?:{_SELF}|(?:{_NUMBER}{_COUNTER}\s*)?(?:{_MAG}{_MAG_END}\s*)?(?P<adj>{_ADJECTIVES}{{0,4}}){_NOUN})"
    rf"{_STORAGE}",
    re.IGNORECASE,
)
_SCALE_ONLY = re.compile(rf"{_SEPARATOR}(?:{_NUMBER}\s*)?{_MAG}(?![^\W\d_]|\s*/\s*[0-9])", re.IGNORECASE)
_BARE = re.compile(
    rf"(?<![0-9a-z.,<>≤≥=]){_HOURLY}(?:(?:{_NUMBER}\s*|(?<![0-9]\s)){_MAG}{_MAG_END}\s*|(?P<num2>{_THOUSANDS}|[0-9]{{1,9}}+){_COUNTER}\s*)"
    rf"(?P<adj>{_ADJECTIVES}{{0,4}}){_NOUN}{_STORAGE}",
    re.IGNORECASE,
)
# "토큰 100만 개당", "100만 토큰당": Korean and Japanese put "per" behind, so these are units wherever they stand.
_PER_BEHIND = re.compile(
    rf"(?=[^당あ当毎にご]{{0,60}}+[당あ当毎にご]){_HOURLY}(?:(?P<noun>{_either(_NOUN_OF)})\s*(?:{_NUMBER}\s*)?(?:{_MAG}\s*)?(?:개|건|회|장)?\s?당"
    rf"|(?:(?<![0-9.,])(?P<num2>{_THOUSANDS}|[0-9]{{1,9}})\s*)?(?:(?P<mag2>{_either(_MAGNITUDES)})\s*)?(?P<noun2>{_either(_NOUN_OF)})\s?(?:당(?![가-힣])|(?:あたり|当たり|毎|につき|ごと)))",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"당|あたり|当たり|毎|につき|ごと")
_NOUN_FIRST = re.compile(rf"{_SEPARATOR}{_HOURLY}{_NOUN}\s*{_NUMBER}\s*(?:{_MAG}\s*)?[개個个]", re.IGNORECASE)
_BARE_SELF = re.compile(rf"(?<![a-z0-9]){_SELF}", re.IGNORECASE)
_LISTED = re.compile(
    r"(?:texte?|texto|testo|teks|bild|images?|imagen|imagem|immagine|gambar|audio|video|pdf|documents?|текст|изображение"
    r"|文本|图片|图像|音频|视频|文字|文|圖片|テキスト|画像|텍스트|이미지)\s*$|[(][^()]*?(?P<word>[^\W\d_]+)\s*$",
    re.IGNORECASE,
)
_SIZED = re.compile(r"(?:/\s*|per\s+)(?P<size>[0-9]k(?:\s*/\s*[0-9]k)*)\s+(?P<noun>image)(?![a-z])", re.IGNORECASE)
_COUNTED = re.compile(r"(?<=lion|sand)\s(?!inputs|outputs|prompts|completions)[a-z]{3,15}s(?![a-z])", re.IGNORECASE)
_SEARCH = re.compile(r"search(?:es)?\Z|搜索|次搜索", re.IGNORECASE)
_FOR = re.compile(r"for\s+[a-z_]+\Z", re.IGNORECASE)
_TAIL_FOREIGN = re.compile(
    rf"\s*(?:/|per\b|每)\s*(?:[0-9]+\s*)?(?:{_either(dict.fromkeys(_NOUNS[FOREIGN].split(' '), ''))}){_EDGE}",
    re.IGNORECASE,
)


@lru_cache(maxsize=10_000)
def find_units(text: str, *, is_label: bool = True) -> tuple[FoundUnit, ...]:
    """All units that a cleaned text names, from left to right.

    Args:
        text: cleaned text.
        is_label: also "1M tokens" without a stroke or "per"; false beside an amount, where that would be a quantity.

    >>> [f.unit for f in find_units("$3 / MTok")]
    [Unit(per=Decimal('1000000'), unit='token', is_implied=False)]
    >>> find_units("price per month")[0].unit.unit, find_units("1M INPUT TOKENS (CACHE HIT)")[0].rest
    ('foreign', 'INPUT')
    >>> find_units("元/百万token/小时")[0].unit.unit, find_units("per 1,000 calls")[0].unit.per
    ('token_hour', Decimal('1000'))
    >>> find_units("262,144 tokens")
    ()

    """
    candidates = [
        unit
        for pattern in _patterns_for(text, is_label=is_label)
        for match in pattern.finditer(text)
        if (unit := _unit(match, text, needs_scale=pattern is _BARE)) is not None
    ]
    if has_digits(text) and "image" in text.casefold():
        candidates += [
            FoundUnit(sized.start(), sized.end(), Unit(Decimal(1), "image"), sized["size"])
            for sized in _SIZED.finditer(text)
        ]
    found: list[FoundUnit] = []
    for unit in sorted(candidates, key=lambda each: (each.start, -each.end)):
        if not found or unit.start >= found[-1].end:
            found.append(unit)
    return tuple(found)


def may_hold_unit(text: str) -> bool:
    """Whether a cleaned text, or any part of it, can name a unit: told by its words, at less cost than by looking."""
    return bool(_patterns_for(text, is_label=True))


def _patterns_for(text: str, *, is_label: bool) -> list[re.Pattern[str]]:
    """The patterns that can find something in a text, told by the words and signs that it holds."""
    pieces = pieces_of(text) & _TELLING  # few are left, which are soon compared
    patterns = []
    has_self, has_scale = not pieces.isdisjoint(_SELVES), not pieces.isdisjoint(_SCALES)
    is_glued = _is_glued(text)
    has_noun = is_glued or not pieces.isdisjoint(_NOUN_PIECES)
    if not pieces.isdisjoint(_SEPARATORS):
        if has_noun or has_self:
            patterns.append(_WITH_SEPARATOR)
        if has_scale:
            patterns.append(_SCALE_ONLY)
        if has_noun and not pieces.isdisjoint(_COUNTERS):
            patterns.append(_NOUN_FIRST)
    if is_label:
        if has_noun and (has_scale or is_glued or has_digits(text)):
            patterns.append(_BARE)
        if has_self:
            patterns.append(_BARE_SELF)
    if _BEHIND.search(text):
        patterns.append(_PER_BEHIND)
    return patterns


def _is_glued(text: str) -> bool:
    lowered = text.lower()
    return ("tok" in lowered or "char" in lowered) and _GLUED.search(lowered) is not None


_SEPARATORS = openings(
    [
        "/",
        "每",
        "per",
        "pro",
        "por",
        "par",
        "pour",
        "je",
        "for",
        "al",
        "za",
        "за",
        "на",
        "ogni",
        "setiap",
        "tiap",
        "стоимость",
        "цена",
    ]
)
_COUNTERS = frozenset("개個个")
_SCALES = openings(_MAGNITUDES)
_NOUN_PIECES = openings(_NOUN_OF)
_SELVES = openings(_SELF_SCALED)
_TELLING = _SEPARATORS | _COUNTERS | _SCALES | _NOUN_PIECES | _SELVES
_GLUED = re.compile(r"[a-z](?:tok|char)")  # "Mtokens"


def read_unit(text: str) -> Unit | None:
    """The one unit that a phrase such as a hint or a unit column names; None when it names none or several.

    >>> read_unit("1M tokens"), read_unit("元/千tokens").per, read_unit("每千次").unit, read_unit("token").per
    (Unit(per=Decimal('1000000'), unit='token', is_implied=False), Decimal('1000'), 'request', Decimal('1'))
    >>> read_unit("context length") is None
    True
    """
    cleaned = clean(text).strip(" ()[]").casefold()
    if cleaned in _NOUN_OF:
        return Unit(Decimal(1), _NOUN_OF[cleaned])
    units = {found.unit for found in find_units(cleaned)}
    if not units:
        units = {found.unit for found in find_units(f"/{cleaned}")}
    return units.pop() if len(units) == 1 else None


def unit_after(text: str, position: int) -> FoundUnit | None:
    """The unit that stands directly behind an amount ending at `position`, brackets and spaces aside.

    >>> unit_after("$4.50 / 1,000,000 tokens per hour", 5).unit.unit
    'token_hour'
    """
    skipped = _BETWEEN.match(text, position)
    at = skipped.end() if skipped else position
    return next((found for found in find_units(text, is_label=False) if position <= found.start <= at), None)


_BETWEEN = re.compile(r"\s*[(（]?\s*(?:\$|usd|us\$|元|each)?\s*", re.IGNORECASE)


def _unit(match: re.Match[str], text: str, *, needs_scale: bool) -> FoundUnit | None:
    groups = match.groupdict()
    power = 0
    named = None
    if groups.get("self"):
        power = _SELF_SCALED[re.sub(r"\s+", " ", groups["self"].casefold())]
        noun = "character" if "char" in groups["self"].casefold() else "token"
    else:
        magnitude = (groups.get("mag") or groups.get("mag2") or "").casefold()
        power = _MAGNITUDES.get(magnitude, 0)
        named = groups.get("noun") or groups.get("noun2")
        noun = _NOUN_OF[named.casefold()] if named else "token"
    number = Decimal(re.sub(r"[^0-9]", "", groups.get("num") or groups.get("num2") or "1"))
    per = number * (Decimal(10) ** power)
    if noun == "other" and _FOR.match(match.group()):
        return None  # "models for generation"
    if needs_scale and (per < 1000 or not _is_power_of_ten(per)):
        return None
    if groups.get("storage") or groups.get("hourly"):
        noun = "token_hour" if noun == "token" else FOREIGN
    if not power and match.group().lstrip().startswith("/") and _is_listed(text[: match.start()]):
        return None
    if (
        power
        and noun == "image"
        and (groups.get("noun") or "").casefold() == "image"
        and power < 6
        and (groups.get("num") or "")
    ):
        return None  # "per 4K image" is a resolution
    is_implied = not (groups.get("noun") or groups.get("noun2") or groups.get("self"))
    if is_implied and (groups.get("mag", "").casefold() == "b" or not _is_power_of_ten(per)):
        return None  # "Dolphin Pro 32k" is a name
    counted = _COUNTED.match(text, match.end()) if is_implied else None
    if counted is not None:  # "per million vectors"
        return FoundUnit(match.start(), counted.end(), Unit(per, FOREIGN))
    rest = (groups.get("adj") or "").strip()
    if named and _SEARCH.match(named):
        rest = f"{rest} {named}".strip()  # a call that is a search says so to the meter
    end = match.end()
    foreign = _TAIL_FOREIGN.match(text, end)
    if foreign is not None and noun not in {"token", "token_hour"}:
        return FoundUnit(match.start(), foreign.end(), Unit(per, FOREIGN), rest)
    return FoundUnit(match.start(), end, Unit(per, noun, is_implied), rest)


def _is_listed(before: str) -> bool:
    """Whether a stroke only parts a list: "text / image / video", or any words in brackets but "(USD / image)"."""
    listed = _LISTED.search(before)
    return listed is not None and not (
        listed["word"] and (find_currencies(listed["word"]) or listed["word"] in "元円원")
    )


def _is_power_of_ten(number: Decimal) -> bool:
    return str(int(number)).rstrip("0") == "1"
