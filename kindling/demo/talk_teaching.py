"""What the community says about teaching, about itself, and behind closed doors."""

from typing import Final

from kindling.demo.phrase import Topic, slots

NOTEBOOKS: Final = Topic(
    "notebooks in class",
    "teaching",
    questions=(
        "How do you keep {learners} from running notebook cells out of order?",
        "Do you hand out notebooks with gaps or empty ones to {learners}?",
        "How long should a notebook for {slot} be?",
        "How do I share a notebook with {learners} who have no account?",
        "Is there a good way to hide solutions in a notebook until {slot} is over?",
        "When do you move {learners} from notebooks to scripts?",
        "How do you collect forty notebooks after {slot}?",
        "Do you project your own notebook or type live in front of {learners}?",
    ),
    details=(
        "Last time {problem}.",
        "My group are {learners}.",
        "The hosted version is slow when everybody starts at once.",
        "I have {slot} for it.",
        "Copying code from the screen takes them for ever.",
        "I would like them to think before they press run.",
    ),
    replies=(
        "Restart and run all, three times in every session, until it is a habit of {learners}.",
        "Notebooks with gaps: the boring lines are there, the one line that matters is missing.",
        "One idea a notebook, and for {slot} not more than six cells that they write.",
        "I type live and make mistakes on purpose; {learners} relax a lot.",
        "We had it too that {problem}. A read-only copy beside the working copy solved it.",
        "Put a prediction question before each cell: what will this print?",
    ),
    words=slots(
        learners="first-year students|librarians|nurses in training|school teachers|retired engineers|biologists",
        slot="ninety minutes|an evening session|a whole day|the first lesson|a lunch break",
        problem="half of them overwrote the original|everybody had a different state"
        "|the kernel died in the middle|nobody found the file again|they only pressed run",
    ),
)

FEEDBACK: Final = Topic(
    "feedback and assessment",
    "teaching",
    questions=(
        "How do you give feedback on {work} without writing a novel?",
        "What goes into a rubric for {work}?",
        "How do I grade {work} fairly when {difficulty}?",
        "Is peer review of {work} worth the time?",
        "Do you let people hand in {work} again after feedback?",
        "How can I see whether they understood {work} when {difficulty}?",
        "What do you do with {work} that was clearly written by a machine?",
        "How do I mark {work} for a class of eighty in one evening?",
    ),
    details=(
        "The difficulty: {difficulty}.",
        "I spend about twenty minutes on each one.",
        "It counts for a third of the final mark.",
        "Last year the comments were never read.",
        "I want the feedback to arrive within two days.",
        "The group is very mixed.",
    ),
    replies=(
        "Three lines on {work}: one thing that works, one to change, one question to answer.",
        "A rubric with four rows is enough: correct, readable, tested, explained.",
        "Let them explain {work} for five minutes. You hear at once who understood it.",
        "Because {difficulty}, I grade the change from first to second version instead of the result.",
        "Peer review works if they get a checklist and an example of a good review.",
        "Record two minutes of voice instead of writing; it is quicker, and they listen to it.",
    ),
    words=slots(
        work="programming homework|a data project|a statistics report|a poster|weekly quizzes|a group project",
        difficulty="some have programmed for years|two people did the work of five|solutions are all over the web"
        "|everybody has a different data set|the language is not their own",
    ),
)

SESSIONS: Final = Topic(
    "lively live sessions",
    "teaching",
    questions=(
        "How do you get people to talk in {session} when {obstacle}?",
        "What is your favourite opening for {session}?",
        "How do you handle it in {session} that {obstacle}?",
        "How many breaks does {session} need?",
        "Do breakout rooms help in {session}, or do they only move the silence?",
        "How do you keep the quick ones busy in {session}?",
        "What do you do in the last five minutes of {session}?",
        "Does a poll at the start of {session} change anything?",
    ),
    details=(
        "In my group {obstacle}.",
        "I have tried {trick} once and it fell flat.",
        "We are about {n} people.",
        "Cameras stay off.",
        "Evenings are hard, everybody is tired.",
        "The content is fine, the room is just silent.",
    ),
    replies=(
        "Ask a question that everybody can answer in the chat with one word, in the first two minutes.",
        "Try {trick}, but with pairs first: nobody talks to {n} people, everybody talks to one.",
        "Where {obstacle}, I wait ten seconds longer than is comfortable. Somebody always speaks.",
        "In {session} I plan one activity per fifteen minutes and drop half of the slides.",
        "End with one sentence from each: what will you try by next week?",
        "Give the quick ones the role of helpers, with a badge. They love it.",
    ),
    words=slots(
        session="an online session|a two-hour workshop|a lab class|a webinar|the weekly study group",
        obstacle="nobody answers questions|two people talk all the time|half of them join late"
        "|levels are far apart|the connection is poor",
        trick="live coding|think, pair, share|a quiz with cards|letting them teach|a mystery data set",
        n="twelve|twenty-five|sixty|eight",
    ),
)

INTRODUCTIONS: Final = Topic(
    "introductions",
    "welcome",
    questions=(
        "I am new here. I work as {job} and want to learn {wish}.",
        "Hello from a newcomer: {job} by day, beginner in {wish} by night.",
        "First post! I would like to get better at {wish}. Where should I start?",
        "New member here, {job}, curious about {wish}. Who else is on that path?",
        "I joined because a colleague told me about this place. I am {job} and struggle with {wish}.",
        "Just signed up. What do you wish that you had known when you started with {wish}?",
        "I am {job} and changing to a job with data. Is {wish} a sensible beginning?",
        "I have been reading along for a week, now I dare to write: I am learning {wish}.",
    ),
    details=(
        "I have about {time} for it.",
        "So far I have only followed tutorials.",
        "Is there a study group that I could join?",
        "In return I can help with {offer}.",
        "I learn best with other people.",
        "Maths was a long time ago.",
    ),
    replies=(
        "Welcome! For {wish} the first three exercises of the course are a kind start; ask here after each.",
        "Good to have you. With {time} you get surprisingly far, if you do it every week.",
        "Welcome! There is a small group that meets on Thursdays about {wish}, come along.",
        "Nice to meet you. We badly need somebody who can help with {offer}!",
        "I came from a similar corner. Begin with a question of your own and let it pull you through {wish}.",
        "Welcome aboard. Do post when you are stuck, nobody here minds beginners' questions.",
    ),
    words=slots(
        job="a nurse|a geography teacher|a librarian|a bookkeeper|an architect|a lab technician|a bus driver"
        "|a translator|a museum guide",
        wish="Python|statistics|making charts|cleaning data|teaching with notebooks|machine learning|git",
        time="two evenings a week|an hour a day|the weekends|a month off|half an hour before breakfast",
        offer="Portuguese translations|proofreading|maps|spreadsheets|running workshops|explaining accounting",
    ),
)

PLANNING: Final = Topic(
    "course planning",
    "course-team",
    questions=(
        "Who can take {part} of the {term} course?",
        "Should we move {part} to an earlier week in the {term} course?",
        "Do we still need {part} after the feedback from the last round?",
        "How do we announce that {change}?",
        "What is the plan B if {change}?",
        "Can somebody review my draft of {part} before Friday?",
        "How many places do we offer in the {term} course, given that {change}?",
        "Which exercises from {part} were too hard last time?",
    ),
    details=(
        "Keep it among us for now: {change}.",
        "The schedule has a gap in week four.",
        "I can do the slides, not the exercises.",
        "Numbers are up compared with last year.",
        "We should decide this week.",
        "The budget allows one more tutor.",
    ),
    replies=(
        "I can take {part}, if somebody else does the registration.",
        "Let us try {part} a week earlier in the {term} course and ask them afterwards.",
        "Since {change}, I would rather have fewer places and do it well.",
        "Reviewed: the second half of {part} needs a worked example.",
        "Say it openly and early, with the new date in the first line.",
    ),
    words=slots(
        part="the statistics unit|the project week|the setup session|the closing event|the data ethics lesson",
        term="spring|summer|autumn|winter|evening",
        change="the room is gone|one tutor is leaving|registrations doubled|the platform will be replaced",
    ),
)

MENTORING: Final = Topic(
    "mentoring",
    "mentors",
    questions=(
        "My mentee {situation}. How would you go about it?",
        "How often do you meet somebody who {situation}?",
        "What do you say to a mentee who {situation} and is {feeling}?",
        "When is it right to end a mentorship because somebody {situation}?",
        "Do you set homework for a mentee who is {feeling}?",
        "Can two mentors share a person who {situation}?",
        "How do I notice early that a mentee is {feeling}?",
        "What is a good first meeting with somebody who is {feeling}?",
    ),
    details=(
        "Please keep this in the mentors' circle.",
        "They seem {feeling} most of the time.",
        "We have met {n} times so far.",
        "I do not want to push.",
        "I am not sure that I am the right person.",
        "Messages are answered after days.",
    ),
    replies=(
        "Ask what a good week would look like for them, and do only that.",
        "With somebody who {situation} I meet every week for twenty minutes instead of once for an hour.",
        "When a mentee is {feeling}, I show them my own first code. It helps every time.",
        "After {n} meetings it is fair to ask openly whether it still fits.",
        "I would gladly share that one with you: two views often loosen things.",
    ),
    words=slots(
        situation="never shows up|wants everything at once|compares themselves to others|has no time|lost the thread",
        feeling="discouraged|overconfident|bored|anxious about mistakes|very quiet",
        n="two|five|ten|three",
    ),
)
