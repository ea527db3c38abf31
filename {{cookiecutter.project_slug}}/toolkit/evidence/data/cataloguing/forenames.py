"""Forenames common in England and Wales, in the communities that live there, to recognise a column of names by."""

from __future__ import annotations

# Names that are everyday words as well (Grace, Rose, Summer, Will) are left out: they would make lists of words look
# like lists of people.
FORENAMES = frozenset(
    """
    aaron abbie abdul abdullah abigail adam adrian aisha alan alex alexander alexandra alfie ali alice alison
    amanda amelia amina amir amy andrea andrew angela ann anna anne anthony archie arjun arthur ava ayaan ayesha
    barbara benjamin bethany brian callum cameron carol caroline catherine charles charlie charlotte chloe chris
    christine christopher claire colin connor craig daisy daniel danielle darren david dawn deborah denise derek
    diane dominic donna dylan edward eleanor elizabeth ella ellie elliot emily emma eric erin ethan eva evelyn
    ewa fatima fatoumata fiona florence francesca frederick freya gareth gary gavin gemma geoffrey george
    georgia gillian grzegorz hannah hamza harriet harry harvey hassan hayley heather helen henry holly hussain
    ian ibrahim isaac isabella isla jacob jack jacqueline jade jake james jamie jan jane janet jasmine jason
    jayden jean jennifer jessica joan joanna joanne joe john jonathan jordan joseph joshua joyce judith julia
    julian julie karen kate katherine kathleen katie kayleigh keith kelly kenneth kerry kevin kieran kimberley
    kirsty krzysztof kwame kyle laura lauren layla leah lee leo leon lewis liam lilly linda lindsay lisa logan
    louis louise lucas lucy luke lydia lynn maciej maisie malcolm margaret maria mariam marie marion martin
    maryam mary mason matthew maureen maya megan melanie melissa mia michael michelle millie mohamed mohammad
    mohammed monika muhammad natalie natasha nathan neil nia niamh nicholas nicola nigel noah oliver olivia omar
    oscar owen pamela patricia patrick paul paula peter philip phoebe piotr poppy priya rachel ralph raymond
    rebecca reece rhys richard riley robert robin roger ronald rosie roy russell ruth ryan sally samantha samina
    samuel sandra sara sarah scarlett scott sean sebastian shannon sharon sheila shirley simon sofia sophia
    sophie stacey stephanie stephen steven stuart susan suzanne sylvia tanya teresa theo theresa thomas tiffany
    tim timothy toby tomasz tracey tracy tyler valerie vanessa veronica victoria vincent wayne wendy william
    yasmin yousef yusuf zachary zain zainab zara zoe
    """.split()
)
