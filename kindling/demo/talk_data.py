"""What the community says about data, statistics, charts and models."""

from typing import Final

from kindling.demo.phrase import Topic, slots

TABLES: Final = Topic(
    "joining and grouping tables",
    "data-wrangling",
    questions=(
        "How do I join {left} with {right} when {mismatch}?",
        "Why do I get more rows than before after merging {left} and {right}?",
        "What is the difference between a left join and an inner join for {left}?",
        "How do I group {left} by two columns and keep the names?",
        "After a groupby on {left} the index looks strange. How do I get a flat table?",
        "How do I find the rows of {left} that have no partner in {right}?",
        "Is there a readable way to pivot {left} so that every week is a column?",
        "How do I check that a merge of {left} and {right} lost nothing?",
    ),
    details=(
        "The trouble is that {mismatch}.",
        "There are about {size} rows.",
        "I tried merge with how='outer' and got lots of missing values.",
        "In a spreadsheet I would use a lookup.",
        "The totals before and after do not agree.",
        "It is for a lesson, so it should stay simple.",
    ),
    replies=(
        "Bring the key columns into one form first; since {mismatch}, a merge cannot match them.",
        "Use merge with indicator=True and look at the rows that are left_only.",
        "More rows than before means that a key repeats in {right}. validate='one_to_one' tells you at once.",
        "reset_index after the groupby gives you a flat table again.",
        "With {size} rows nothing is slow: do it in three named steps and count after each.",
        "Drop duplicates in {right} on the key, then join {left} to it with how='left'.",
    ),
    words=slots(
        left="the orders table|the survey answers|the attendance list|the sensor readings|the exam results",
        right="the customer list|the student register|the price list|the station table|the course catalogue",
        mismatch="the ids have leading zeros in one file|names are spelt differently|one key is text and one a number"
        "|some keys occur twice|half of the keys are missing",
        size="two hundred|a few thousand|eighty thousand|a million|fifty",
    ),
)

DATES: Final = Topic(
    "dates, times and missing values",
    "data-wrangling",
    questions=(
        "How do I parse {column} when {mess}?",
        "What do you do with missing values in {column}?",
        "How can I resample {column} to weeks without inventing data?",
        "Why does sorting by {column} put October before February?",
        "How do I compare {column} from two time zones?",
        "Is it right to fill gaps in {column} with the value before?",
        "How do I count the days between {column} and today, weekends left out?",
        "What is a good way to show learners that {mess} in real data?",
    ),
    details=(
        "In the file {mess}.",
        "read_csv takes the column as plain text.",
        "About a fifth of the values are empty.",
        "It comes from {origin}, so I cannot change it.",
        "The clock change in spring makes one day longer.",
        "My first attempt turned half of them into NaT.",
    ),
    replies=(
        "Give to_datetime the exact format, errors='coerce', and then look at what became NaT.",
        "Keep the raw text of {column} in a second column until you trust the parsed one.",
        "Store everything in UTC, convert only when you show it.",
        "Do not fill before you know why values are missing; in {origin} empty often means zero.",
        "As {mess}, split the column first and parse each part with its own format.",
        "Plot the number of missing values per week. If it jumps, something changed at the source.",
    ),
    words=slots(
        column="the timestamp column|the birth dates|the order dates|the sensor times|the arrival times|the due dates",
        mess="day and month are swapped in some rows|two formats are mixed|the year has two digits"
        "|the zone is missing|dates are stored as numbers",
        origin="an old spreadsheet|a web form|a sensor box|the school office|a hand-typed list|three different exports",
    ),
)

TESTS: Final = Topic(
    "hypothesis tests",
    "statistics",
    questions=(
        "Which test do I use to compare {groups} when {caveat}?",
        "How would you explain a p-value of {p} to somebody without statistics?",
        "Is a difference between {groups} with p = {p} worth reporting?",
        "How many people do I need to see a difference between {groups}?",
        "Do I have to correct for multiple tests when I compare {groups} on ten questions?",
        "When is a permutation test better than a t-test for {groups}?",
        "What does a confidence interval say about {groups} that a p-value does not?",
        "Does it matter for a t-test that {caveat}?",
    ),
    details=(
        "One problem is that {caveat}.",
        "We have about {n} people in each group.",
        "My supervisor insists on a significance level of five percent.",
        "The histogram is far from a bell.",
        "I computed p = {p} and do not know what to say about it.",
        "It is for a poster, so it has to fit into one sentence.",
    ),
    replies=(
        "With {n} people a group I would run a permutation test: no assumption about the shape is needed.",
        "Report the difference with its interval first and p = {p} second.",
        "A p-value of {p} says how surprising the data are if there was no difference, nothing more.",
        "Since {caveat}, use Welch's test or a rank test for {groups}.",
        "Simulate it: draw two groups from the same box a thousand times and see how often you get this gap.",
        "Ten tests at five percent give you a false alarm in four of ten studies. Correct for it, or choose one.",
    ),
    words=slots(
        groups="two classes|morning and evening courses|the old and the new version|three schools|before and after",
        caveat="the groups are of unequal size|the values are skewed|the same people answered twice"
        "|there are many ties|the variances differ",
        p="0.04|0.06|0.012|0.3|0.049|0.0008",
        n="twelve|thirty|a hundred|eight|forty-five",
    ),
)

REGRESSION: Final = Topic(
    "regression",
    "statistics",
    questions=(
        "How do I interpret the coefficient of {predictor} in a regression on {outcome}?",
        "Why does the sign of {predictor} flip when I add another variable?",
        "Should I take the logarithm of {outcome} before fitting a line?",
        "How do I explain R squared for {outcome} to beginners?",
        "My residuals for {outcome} look like a fan. Is the model useless?",
        "How do I put a categorical {predictor} into a linear model?",
        "When is {predictor} a confounder and when a mediator?",
        "Is correlation between {predictor} and {outcome} enough for a recommendation?",
    ),
    details=(
        "I have {n} observations.",
        "R squared is {r2}, which seems too good.",
        "The plot of residuals against fitted values bends at the end.",
        "Two of the predictors are strongly correlated.",
        "I centred {predictor} already.",
        "In the course we have only had simple regression so far.",
    ),
    replies=(
        "Read it as: among people who are equal in everything else, one unit more of {predictor} goes with that "
        "much more {outcome}.",
        "A flipped sign means that {predictor} is tangled up with the new variable. Plot the two against each other.",
        "A fan in the residuals asks for a logarithm of {outcome} or for robust standard errors.",
        "With {n} observations I would not put in more than a handful of predictors.",
        "R squared of {r2} on the data that you fitted says little: hold some out.",
        "Draw the arrows on paper before you fit anything: what causes {outcome}, and what causes both?",
    ),
    words=slots(
        predictor="hours of practice|age|class size|sleep|income|prior knowledge|distance to school",
        outcome="exam score|reading speed|attendance|satisfaction|time on task|drop-out",
        n="sixty|two hundred|ninety|a thousand|thirty-two",
        r2="0.97|0.12|0.85|0.4|0.63",
    ),
)

CHARTS: Final = Topic(
    "charts people understand",
    "charts",
    questions=(
        "Which chart shows {message} best?",
        "How do I label {element} in matplotlib without overlap?",
        "Is {chart} ever the right choice for {message}?",
        "How do I choose colours for {chart} that everybody can tell apart?",
        "What would you take away from {chart} with twelve categories?",
        "How can I put {element} next to the line instead of into a legend?",
        "Should the axis of {chart} start at zero?",
        "How do you teach learners to criticise {chart}?",
    ),
    details=(
        "What I want to show is {message}.",
        "At the moment it is {chart} with far too much ink.",
        "The audience has never seen a box plot.",
        "It will be printed in black and white.",
        "I moved {element} around for an hour by hand.",
        "My version has eight colours and nobody looks at it.",
    ),
    replies=(
        "For {message} I would draw a line for each group, grey ones for context and one in colour.",
        "Replace {chart} by sorted dots; people compare positions better than areas.",
        "Write {element} directly at the end of each line and delete the legend.",
        "Bars start at zero because their length is the message; lines need not.",
        "Use a colour-blind safe palette and check it once in grey.",
        "Ask somebody to say in one sentence what they see. If it is not {message}, change the chart.",
    ),
    words=slots(
        chart="a pie chart|a stacked bar chart|a heat map|a scatter plot|a box plot|a radar chart|a dual-axis chart",
        message="change over a year|the spread of marks|shares of a whole|a difference between two groups"
        "|an outlier|how two things go together",
        element="the labels|the annotations|the axis titles|the percentages|the legend|the tick labels",
    ),
)

MODELS: Final = Topic(
    "first machine learning models",
    "first-models",
    questions=(
        "How do I split {data} so that the test set tells the truth?",
        "Why is {model} perfect on training data and poor on new {data}?",
        "Which metric should I use for {data} when {imbalance}?",
        "Is {model} a good first model for {data}?",
        "How do I explain cross-validation with {data}?",
        "Do I have to scale the features of {data} for {model}?",
        "How can I see which features {model} relies on?",
        "What is a fair baseline for {data} before I try {model}?",
    ),
    details=(
        "One thing to know: {imbalance}.",
        "Accuracy is 96 percent, which made me suspicious.",
        "I used the defaults of scikit-learn.",
        "There are {n} rows and thirty columns.",
        "I think something leaks from the test set.",
        "We have one afternoon for it in the workshop.",
    ),
    replies=(
        "Always compare with the majority class first: as {imbalance}, accuracy flatters everybody.",
        "Split {data} before you do anything else, scaling included, or the test set leaks.",
        "{model} with its defaults memorises {n} rows easily. Limit its depth or use cross-validation.",
        "Use precision and recall, and show the confusion matrix as four plain counts.",
        "Permutation importance is easy to explain: shuffle one column and see how much worse it gets.",
        "Trees do not care about scaling; distances and penalties do.",
    ),
    words=slots(
        data="the penguin data|customer reviews|house prices|the flower photos|loan applications|bike rentals",
        model="a decision tree|a random forest|k nearest neighbours|logistic regression|a small neural network",
        imbalance="only three percent are positive|one class has ten examples|the newest month looks different"
        "|many rows are near copies",
        n="four hundred|nine thousand|seventy|two million",
    ),
)
