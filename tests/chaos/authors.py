"""People who sign up and post through the real forms, and note what they were promised."""

import asyncio
import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..site import Answer, Visitor
from .complaints import Complaints
from .machine import Machine
from .plan import Act

PATIENCE = 60.0  # seconds for which the same form is sent again
LONGEST_SAVE = 5.0  # seconds
AGAIN = 0.3  # seconds after which a form that was not answered is sent again
LOGIN = "/accounts/login/"


@dataclass
class Saved:
    """A post that its author has been told is saved."""

    pk: int
    author: Visitor
    key: str
    form: dict[str, str]  # as it was accepted last
    at: list[float]  # when it and each of its edits was accepted, in seconds since 1970
    deleted: bool = False


@dataclass(frozen=True)
class Comment:
    post: Saved
    key: str


@dataclass
class Ledger:
    """What authors were promised."""

    complaints: Complaints
    posts: dict[int, Saved] = field(default_factory=dict)  # by number in the plan
    comments: list[Comment] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)  # seconds that each answered attempt took
    likes: int = 0
    repeated: int = 0  # attempts that had to be made again


class Author:
    def __init__(self, name: str, machine: Machine, ledger: Ledger) -> None:
        self._machine = machine
        self._ledger = ledger
        self._turn = 0
        self.visitor = Visitor(machine.urls[0])
        self.name = name

    async def sign_up(self) -> None:
        await asyncio.to_thread(self.visitor.sign_up, self.name)

    async def live(self, acts: list[Act], begin: float) -> None:
        """Do what is planned, each at its second from `begin` (monotonic) or when the one before is done."""
        for act in acts:
            await asyncio.sleep(begin + act.second - time.monotonic())
            post = self._ledger.posts.get(act.post)
            if act.kind == "write":
                await self.write(act)
            elif post and not post.deleted:
                await self._touch(act, post)

    async def write(self, act: Act) -> None:
        form = {"title": act.text, "body": f"{act.text}: four evenings.", **act.book}
        answer = await self._send("/posts/new/", {**form, "key": act.key})
        if answer and answer.status == 302:
            pk = int(answer.headers["location"].strip("/").split("/")[-1])
            self._ledger.posts[act.post] = Saved(pk, self.visitor, act.key, form, [time.time()])
        elif answer:
            self._complain(f"“{act.text}” was answered {answer.status}", answer)

    async def _touch(self, act: Act, post: Saved) -> None:
        path = f"/posts/{post.pk}/"
        match act.kind:
            case "edit":
                form = {**post.form, "title": act.text, "body": f"{act.text}: five evenings."}
                answer = await self._send(f"{path}edit/", form)
                if answer and answer.status == 302:
                    post.form = form
                    post.at.append(time.time())
                elif answer:
                    self._complain(f"the edit of {post.pk} was answered {answer.status}", answer)
            case "delete":
                post.deleted = True
                answer = await self._send(f"{path}delete/", {})
                # Where the first answer was lost the second one says that there is no such post.
                if answer and answer.status not in (302, 404):
                    self._complain(f"the deletion of {post.pk} was answered {answer.status}", answer)
            case "like":
                answer = await self._send(f"{path}like/", {"liked": "true"})
                self._ledger.likes += bool(answer and answer.status == 302)
            case "comment":
                answer = await self._send(f"{path}comments/", {"body": act.text, "key": act.key})
                if answer and answer.status == 302:
                    self._ledger.comments.append(Comment(post, act.key))

    async def _send(self, path: str, fields: Mapping[str, str]) -> Answer | None:
        """The answer, after as many attempts as it takes; the next one goes to the other daphne. None: it gave up."""
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            self.visitor.url = self._machine.urls[self._turn % 2]
            begin = time.monotonic()
            try:
                answer = await asyncio.to_thread(self.visitor.post, path, **fields)
            except (OSError, http.client.HTTPException) as error:
                self._check_lost(path, begin, error)
            else:
                self._check_answer(path, begin, answer)
                if answer.status < 500:
                    return answer
            self._turn += 1
            self._ledger.repeated += 1
            await asyncio.sleep(AGAIN)
        self._ledger.complaints.add("refused", f"{path} was not accepted within {PATIENCE:.0f} s")
        return None

    def _check_lost(self, path: str, begin: float, error: Exception) -> None:
        web = f"web-{self._turn % 2 + 1}"
        if not self._machine.incidents.between(begin - 1, time.monotonic(), web):
            self._ledger.complaints.add(
                "refused", f"{path} was not answered by {web}, which nobody had killed: {error!r}"
            )

    def _check_answer(self, path: str, begin: float, answer: Answer) -> None:
        end = time.monotonic()
        self._ledger.saves.append(end - begin)
        explained = self._machine.incidents.between(begin - 1, end, "postgres")
        if end - begin > LONGEST_SAVE and not explained:
            amid = {incident.part for incident in self._machine.incidents.between(begin, end, "")}
            self._ledger.complaints.add("slow", f"{path} took {end - begin:.1f} s, amid {sorted(amid)}")
        if answer.status >= 500 and not explained:
            self._complain(f"{path} was answered {answer.status}", answer)
        if LOGIN in answer.headers.get("location", ""):
            self._ledger.complaints.add("logged out", f"{self.name} was, at {path}")

    def _complain(self, what: str, answer: Answer) -> None:
        heading = re.search(r"<h1>(.*?)</h1>", answer.text)
        errors = re.findall(r'class="error[^>]*>(.*?)<', answer.text)
        self._ledger.complaints.add("refused", f"{what}: {heading[1] if heading else ''} {errors or ''}")

    async def check_in(self) -> None:
        """Whether they are still logged in, when all is over."""
        self.visitor.url = self._machine.urls[0]
        answer = await asyncio.to_thread(self.visitor.get, "/posts/new/")
        if answer.status != 200:
            self._ledger.complaints.add("logged out", f"{self.name} is, in the end")
