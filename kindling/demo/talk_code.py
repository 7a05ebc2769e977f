"""What the community says about writing programs."""

from typing import Final

from kindling.demo.phrase import Topic, slots

LOOPS: Final = Topic(
    "loops and functions",
    "python-basics",
    questions=(
        "How do I leave {loop} early once {condition}?",
        "When would you turn {loop} into a function?",
        "My function changes {container} although I only wanted to read it. Why?",
        "What is the cleanest way to collect results from {loop} into {container}?",
        "Why does {loop} skip every second item when I remove things from {container}?",
        "Is it bad style to return from the middle of {loop}?",
        "How can I test a function that fills {container} until {condition}?",
        "Should a beginner see comprehensions before or after {loop}?",
        "How do I give {container} as a default argument without surprises?",
    ),
    details=(
        "My code works for the first item and then stops.",
        "I tried a flag variable, but it reads badly.",
        "The exercise says: stop when {condition}.",
        "I have {loop} inside another one and lost track of the indentation.",
        "Printing {container} after every step did not make me wiser.",
        "I am writing this for the exercise about {example}.",
    ),
    replies=(
        "Put {loop} into its own function and return as soon as {condition}: no flag needed.",
        "Build a new object instead of changing {container} while you walk over it.",
        "A break leaves only the inner loop. A function with a return leaves both.",
        "Use None as the default and create {container} inside the function.",
        "I would write it with {loop} first, test it with {example}, and only then shorten it.",
        "Name what the loop does; if you need the word 'and', make it two functions.",
        "Step through {example} on paper, one row for each pass: the mistake shows in the third row.",
    ),
    words=slots(
        loop="a for loop|a while loop|a nested loop|the loop over lines|an enumerate loop|the loop over rows",
        container="a list|a dictionary|a set|a list of lists|the results dictionary|a counter",
        condition="the input is empty|the total passes 100|a name repeats|the file ends|two values agree",
        example="the shopping basket|counting words|the guessing game|bus timetables|the temperature log|prime numbers",
    ),
)

ERRORS: Final = Topic(
    "reading error messages",
    "python-basics",
    questions=(
        "What does {error} mean when it points at {place}?",
        "I get {error} only every now and then. How do I find the cause?",
        "How do you read a traceback that ends in {error}?",
        "Where do I put a try block so that {error} is handled and nothing else?",
        "Why do I see {error} at {place} although the line above is the wrong one?",
        "Is catching {error} good practice, or should I check first?",
        "How do you teach people not to be afraid of {error}?",
        "Can a debugger show me what happens before {error} at {place}?",
    ),
    details=(
        "It started after I changed {place}.",
        "With the small file everything is fine, with the real one it is not.",
        "I searched for the message and only found things that do not match.",
        "I already tried {attempt}.",
        "The traceback has twelve lines and only the last is mine.",
        "My neighbour runs the same code without any trouble.",
    ),
    replies=(
        "Read the traceback from the bottom: the last line is what, the one above is where.",
        "{error} at {place} nearly always means that a value is not what you think. Print its type there.",
        "Instead of {attempt}, cut the program in half and see which half still fails.",
        "Catch only {error}, in as few lines as you can, and say in the message which input it was.",
        "A breakpoint() just before {place} shows all the values; no print needed.",
        "Make the smallest file that still fails. Half of the time you see it while cutting.",
    ),
    words=slots(
        error="a KeyError|a TypeError|an IndexError|a ValueError|an AttributeError|a NameError|a RecursionError",
        place="the import|the first loop|the call of my function|the last line|the dictionary lookup|the constructor",
        attempt="printing everything|restarting|copying the example again|adding try everywhere|renaming variables",
    ),
)

ENVIRONMENTS: Final = Topic(
    "installing and environments",
    "tools-and-setup",
    questions=(
        "How do I install {package} on {system} without breaking what is there?",
        "Why does {package} import in the terminal and not in {editor}?",
        "Which is the simplest way to give forty learners the same environment with {package}?",
        "Do I need one virtual environment for every project, or one for the course?",
        "How do I tell {editor} which interpreter to use on {system}?",
        "pip says that {package} needs another version. What now?",
        "How do you pin versions so that {package} still works next term?",
        "Can learners without admin rights on {system} install {package} at all?",
    ),
    details=(
        "It worked until I updated {package}.",
        "I am on {system}, and half of the class is not.",
        "The message says that no matching distribution was found.",
        "{editor} shows the right path, as far as I can tell.",
        "I followed the setup page step by step.",
        "Deleting the environment and starting over took an hour.",
    ),
    replies=(
        "Make a fresh environment in the project folder, activate it, and install {package} there.",
        "In {editor}, choose the interpreter of the environment; it does not follow the terminal.",
        "Run python -m pip instead of pip: then both are certain to be the same Python.",
        "Write a requirements file with fixed versions and test it once on {system} before term starts.",
        "On {system} without admin rights the user install works, or a hosted notebook.",
        "Compare sys.executable in both places. I bet that they differ.",
    ),
    words=slots(
        package="pandas|matplotlib|scikit-learn|the course package|seaborn|jupyter|statsmodels",
        system="Windows|an old Mac|Linux|a school laptop|a tablet with a keyboard|the lab machines",
        editor="my editor|the notebook|the course editor|the console|the browser version",
    ),
)

VERSIONS: Final = Topic(
    "version control",
    "tools-and-setup",
    questions=(
        "How do I undo {action} in git without losing my other changes?",
        "What do you tell beginners about branches when they only write {project}?",
        "How do two people work on {project} without {trouble} every day?",
        "When is the right moment in a course to introduce git?",
        "I have {trouble} after {action}. How do I get out of it?",
        "Should {project} have its data in the repository too?",
        "How do I write a commit message for {project} that helps me in a month?",
        "Is there a gentle way to show what {action} does?",
    ),
    details=(
        "I am the only one on the team who has used git before.",
        "It happened right after {action}.",
        "The web page shows one thing and my folder another.",
        "We use it for {project}.",
        "I made a copy of the folder, just in case.",
        "My first idea was to delete everything and clone again.",
    ),
    replies=(
        "git status first, always: it even prints the command that undoes {action}.",
        "Commit small and pull often; most of {trouble} goes away when branches live for a day only.",
        "For {project} one branch is enough. Introduce a second one when two people need it.",
        "git restore gives you the file back, git reflog gives you nearly everything back.",
        "Keep the data out and put a small sample in; {project} stays quick to clone.",
        "Draw the commits as beads on a string: {action} moves the label, the beads stay.",
    ),
    words=slots(
        action="the last commit|a merge|a rebase|adding a huge file|a wrong push|switching branches|a revert",
        project="a class project|lecture notes|a shared notebook|a thesis|the course website|a small package",
        trouble="merge conflicts|lost changes|duplicate files|a detached head|endless questions",
    ),
)

TESTING: Final = Topic(
    "tests for small programs",
    "python-basics",
    questions=(
        "How do I write a first test for {unit}?",
        "What is worth testing in {unit}, and what is not?",
        "How do I test {unit} when the result depends on {dependency}?",
        "Should learners write tests before {unit} works?",
        "My test for {unit} passes alone and fails with the others. Why?",
        "How many examples does a test of {unit} need?",
        "Can I grade {unit} with tests without giving the answer away?",
        "How do I compare floating point results of {unit} in a test?",
    ),
    details=(
        "I am using pytest with one file of tests.",
        "The tricky part is {dependency}.",
        "I know how to test functions, but this one prints.",
        "At the moment I run it by hand and look at the output.",
        "There are about two hundred lines in total.",
        "My mentor says that I test too much.",
    ),
    replies=(
        "Split {unit} into a part that computes and a part that talks; test the first with plain asserts.",
        "Hand {dependency} in as an argument, then the test can give its own.",
        "Start with the case that broke last time. That test is worth most.",
        "Use pytest.approx for floats, never the equals sign.",
        "Something is shared between your tests. Build what you need fresh in each one.",
        "Three examples: an ordinary one, an empty one, and the strangest that you can think of.",
    ),
    words=slots(
        unit="a parser|a quiz program|a bank account class|a word counter|a grade calculator|a text adventure",
        dependency="today's date|a random number|a file on disk|user input|a web page|the clock",
    ),
)
