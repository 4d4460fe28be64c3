"""Faults of Gradio's scripts that cost a large page its speed, mended in what is joined.

Each mend does what the original does, with less work. One that no longer finds the text it knows changes nothing, so
that another Gradio is served as it came.
"""

import re
from typing import Final, NamedTuple


class Mend(NamedTuple):
    """One fault.

    Attributes:
        sign: Stands in each script that may have it; what has no sign is not searched further, which takes long.
        faults: What a script says; all of them have to be found once, or none is mended.
        instead: What it is to say, one for each.
    """

    sign: str
    faults: tuple[re.Pattern[str], ...]
    instead: tuple[str, ...]


def _mend(sign: str, *pairs: tuple[str, str]) -> Mend:
    return Mend(sign, tuple(re.compile(fault) for fault, _ in pairs), tuple(instead for _, instead in pairs))


# The clock of a progress display that is gone: it went on at every frame for good, 4 % of a core on an idle page.
CLOCK: Final = _mend(
    "performance.now()",
    (
        r"!(?P<props>\w+)\.status\|\|(?P<between>.{0,600}?)function (?P<tick>\w+)\(\)"
        r"(?P<body>\{\w+\(\(\)=>\{[^{}]{0,80}performance\.now\(\)[^{}]{0,80}?)(?P<runs>\w+)&&(?P=tick)\(\)\}\)\}",
        r"!\g<props>.status||\g<between>function \g<tick>()\g<body>"
        r"\g<runs>&&(\g<props>.status===`pending`?\g<tick>():\g<runs>=!1)})}",
    ),
)
# All components are made before they are drawn, and again at once for a reload that only its developers ask for.
TWICE: Final = _mend(
    ".reload(",
    (
        r"\b(?P<effect>\w+)\(\(\)=>\{(?P<count>\w+)\(\),(?P<quiet>\w+)\(\(\)=>\{(?P<tree>\w+)\.reload\(",
        r"\g<effect>(()=>{\g<count>()&&\g<quiet>(()=>{\g<tree>.reload(",
    ),
)
# A component was looked for through all of them, for each of its updates.
SOUGHT: Final = _mend(
    "if(e.id===t)return e;",
    (
        r"function (?P<find>\w+)\(e,t\)\{if\(e\.id===t\)return e;if\(e\.children\)for\(let n of e\.children\)"
        r"\{let e=(?P=find)\(n,t\);if\(e\)return e\}return null\}",
        r"const $places=new WeakMap;function $place(e,t){t.has(e.id)||t.set(e.id,e);"
        r"if(e.children)for(let n of e.children)$place(n,t);return t}"
        r"function \g<find>(e,t){if(e.id===t)return e;let n=$places.get(e)?.get(t);if(n)return n;"
        r"n=$place(e,new Map);$places.set(e,n);return n.get(t)||null}",
    ),
    (
        r"\b(?P<tree>\w+)\.children=(?P<drawn>\w+)\.children,this\.(?P<apply>#\w+)\((?P=drawn)\)",
        r"$places.delete(this.root),\g<tree>.children=\g<drawn>.children,this.\g<apply>(\g<drawn>)",
    ),
)
# Each component asked all events which of them are its own.
ATTACHED: Final = _mend(
    "find_attached_events(e,t){",
    (
        r"find_attached_events\(e,t\)\{let n=t\.filter\([^{}]{0,300}\{[^{}]{0,200}\}\)\.filter\(Boolean\);"
        r"return e\.props\.shared_props\.attached_events=n,e\}",
        r"find_attached_events(e,t){let n=this.$attached?.of===t?this.$attached:null;"
        r"if(!n){n=this.$attached={of:t,by:new Map};for(let e of t){let t=new Set;"
        r"for(let[r,i]of e.targets)t.has(r)||(t.add(r),i&&(n.by.has(r)||n.by.set(r,[]),n.by.get(r).push(i)))}}"
        r"return e.props.shared_props.attached_events=[...n.by.get(e.id)||[]],e}",
    ),
)
# After each change of one event, every component that any event had named was told how its own event stood.
TOLD: Final = _mend(
    "async update_loading_stati_state(){",
    (
        r"async update_loading_stati_state\(\)\{await Promise\.all\(Object\.entries\(this\.loading_stati\.current\)"
        r"\.map\(",
        r"async update_loading_stati_state(){let $told=this.$told??={};"
        r"await Promise.all(Object.entries(this.loading_stati.current).filter(([e,t])=>{"
        r"let n=JSON.stringify(t);return $told[e]!==n&&($told[e]=n,!0)}).map(",
    ),
)
# How an event stands was told by a copy of all that the component shows, and all that is in it.
COPIED: Final = _mend(
    "&&!(`value`in ",
    (
        r"\b(?P<node>\w+)&&!\(`value`in (?P<told>\w+)\)&&\(await this\.(?P<own>#\w+)\(",
        r"\g<node>&&!(`value`in \g<told>)&&!(`loading_status`in \g<told>&&Object.keys(\g<told>).length===1)"
        r"&&(await this.\g<own>(",
    ),
)
# A plain value, or a function, was copied by an operation for whole documents, which fails for functions.
PLAIN: Final = _mend(
    "try{return structuredClone(",
    (
        r"if\((?P<value>\w+) instanceof EventTarget\)return (?P=value);try\{return structuredClone\((?P=value)\)\}",
        r"if(typeof \g<value>!=`object`||!\g<value>||\g<value> instanceof EventTarget)return \g<value>;"
        r"try{return structuredClone(\g<value>)}",
    ),
)
# What a component told its events while others were not drawn yet would have had nowhere to go: it waits for all.
WAITED: Final = _mend(
    "ready_resolve;",
    (
        r"(?P<events>this\.#\w+)=(?P<told>\w+),this\.root=this\.create_node\("
        r"(?=\{id:\w+\.id,children:\[\]\},new Map,!0\);"
        r"for\(let \w+ of \w+\)\w+\.props\.visible!=0&&this\.components_to_register\.add\(\w+\.id\);this\.client=)",
        r"\g<events>=(...e)=>this.resolved?\g<told>(...e):this.ready.then(()=>\g<told>(...e)),globalThis.$waited=!0,"
        r"this.root=this.create_node(",
    ),
)
# All was drawn before any of it was seen. The stages are drawn one after the other, each after the page was painted;
# only where the events wait for them.
PAINTED: Final = _mend(
    ".node.children.length&&",
    (
        r"(?P<head>\bfunction \w+\(e,(?P<own>\w+)\)\{\w+\((?P=own),!0\);let \w+=\w+\((?P=own),\w+\),(?P<made>\w+)="
        r"(?P<state>\w+)\(null\),\w+=\w+\(\(\)=>(?P<get>\w+)\((?P=made)\)\?\.default\),\w+=0;)"
        r"(?P<between>\w+\(\(\)=>\{let e=(?P=own)\.node\.component,.{0,60}(?P<set>\w+)\((?P=made),null\);"
        r"return\}.{0,500}?)"
        r"(?P=own)\.node\.children&&(?P=own)\.node\.children\.length&&",
        r"const $frame=()=>new Promise(e=>{requestAnimationFrame(()=>setTimeout(e)),setTimeout(e,200)});"
        r"let $drawn=null;function $after(e){$drawn=($drawn||$frame()).then($frame).then(e)}"
        r"\g<head>let $late=globalThis.$waited&&\g<own>.node.props.shared_props.elem_classes?.includes(`stage`),"
        r"$due=\g<state>(!$late);$late&&$after(()=>\g<set>($due,!0));\g<between>"
        r"\g<get>($due)&&\g<own>.node.children&&\g<own>.node.children.length&&",
    ),
)
# A sign that the page is being loaded lay over it until all was drawn.
COVERED: Final = _mend(
    ".ready.then(()=>{",
    (
        r"\breturn (?P<tree>\w+)\.ready\.then\(\(\)=>\{"
        r"(?=.{0,120}\),(?P<ready>\w+)\(!0\),.{0,80}dispatch_load_events\(\))",
        r"return globalThis.$waited&&\g<ready>(!0),\g<tree>.ready.then(()=>{",
    ),
)
# What the page is made of was watched for changes, value by value, though it is replaced as a whole or not at all.
WATCHED: Final = _mend(
    ".get_url_config(),!0)",
    (
        r"\b(?P<set>\w+)\((?P<config>\w+),(?P<get>\w+)\((?P<client>\w+)\)\.get_url_config\(\),!0\)",
        r"\g<set>(\g<config>,\g<get>(\g<client>).get_url_config())",
    ),
)
# The tree of components was watched while it was made, which took longer than making it.
GROWN: Final = _mend(
    "this.root_untracked=this.root}",
    (
        r"this\.root\.children=(?P<made>(?P<layout>this\.#\w+)\.children\.map\(\w+=>this\.traverse\(\w+,\w+=>this\.create_node\([^()]*\)\)\))"
        r"(?P<between>,this\.component_ids=\w+\.map\(\w+=>\w+\.id\),this\.initial_tabs=\{\},)(?P<tabs>\w+)\(this\.root,this\.initial_tabs\),"
        r"this\.postprocess\(this\.root\),this\.root_untracked=this\.root\}",
        r"let $tree=this.create_node({id:\g<layout>.id,children:[]},new Map,!0);"
        r"$tree.children=\g<made>\g<between>\g<tabs>($tree,this.initial_tabs),"
        r"this.postprocess($tree),this.root_untracked=this.root}",
    ),
)
# For each event that starts when the page opens, what it is to set was looked for; most set nothing.
UNSET: Final = _mend(
    "async set_event_args(",
    (
        r"async set_event_args\((?P<id>\w+),(?P<values>\w+)\)\{let ",
        r"async set_event_args(\g<id>,\g<values>){if(!Object.keys(\g<values>).length)return()=>{};let ",
    ),
)
# Whether a language's name is one was asked of what knows how its numbers are written, which takes 20 ms to load.
NAMED: Final = _mend(
    ".resolveLocale(",
    (
        r"try\{\w+\.resolveLocale\((?P<options>\w+)\.initialLocale\)&&\(",
        r"try{new Intl.Locale(\g<options>.initialLocale)&&(",
    ),
)
MENDS: Final = (
    CLOCK,
    TWICE,
    SOUGHT,
    ATTACHED,
    TOLD,
    COPIED,
    PLAIN,
    WAITED,
    PAINTED,
    COVERED,
    WATCHED,
    GROWN,
    UNSET,
    NAMED,
)


def mended(body: str) -> str:
    """A script without those of the faults that are in it."""
    for mend in MENDS:
        if mend.sign in body:
            body = _without(mend, body)
    return body


def _without(mend: Mend, body: str) -> str:
    if any(len(fault.findall(body)) != 1 for fault in mend.faults):
        return body
    for fault, instead in zip(mend.faults, mend.instead, strict=True):
        body = fault.sub(instead, body)
    return body
