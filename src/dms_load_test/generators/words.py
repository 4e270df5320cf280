"""Words that people, streets and places are named with: fixed, so that no release of a library changes the documents.

The given names are those common in United States schools, children's and adults' apart, for a first grader is no
Thomasine. Places are real towns with the state, telephone area and postal codes they have; telephone numbers use the
exchange 555 and e-mail the domain example.com, which belong to nobody.
"""

from __future__ import annotations

from typing import NamedTuple


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIRLS = _words("""
    Olivia Emma Ava Sophia Isabella Mia Charlotte Amelia Evelyn Abigail Harper Emily Elizabeth Avery Sofia Ella
    Madison Scarlett Victoria Aria Grace Chloe Camila Penelope Riley Layla Lillian Nora Zoey Mila Aubrey Hannah
    Lily Addison Eleanor Natalie Luna Savannah Brooklyn Leah Zoe Stella Hazel Ellie Paisley Audrey Skylar Violet
    Claire Bella Aurora Lucy Anna Samantha Caroline Genesis Aaliyah Kennedy Kinsley Allison Maya Sarah Madelyn
    Adeline Alexa Ariana Elena Gabriella Naomi Alice Sadie Hailey Eva Emilia Autumn Quinn Nevaeh Piper Ruby
    Serenity Willow Everly Cora Kaylee Lydia Aubree Arianna Eliana Peyton Melanie Gianna Isabelle Julia Valentina
    Nova Clara Vivian Reagan Mackenzie Madeline Brielle Delilah Isla Rylee Katherine Sophie Josephine Ivy Jade
    Maria Taylor Hadley Kylie Faith Alexandra Destiny Jocelyn Imani Amina Priya Mei Fatima
""")
BOYS = _words("""
    Liam Noah William James Oliver Benjamin Elijah Lucas Mason Logan Alexander Ethan Jacob Michael Daniel Henry
    Jackson Sebastian Aiden Matthew Samuel David Joseph Carter Owen Wyatt John Jack Luke Jayden Dylan Grayson Levi
    Isaac Gabriel Julian Mateo Anthony Jaxon Lincoln Joshua Christopher Andrew Theodore Caleb Ryan Asher Nathan
    Thomas Leo Isaiah Charles Josiah Hudson Christian Hunter Connor Eli Ezra Aaron Landon Adrian Jonathan Nolan
    Jeremiah Easton Elias Colton Cameron Carson Robert Angel Maverick Nicholas Dominic Jaxson Greyson Adam Ian
    Austin Santiago Jordan Cooper Brayden Roman Evan Ezekiel Xavier Jose Jace Jameson Leonardo Bryson Axel Everett
    Parker Kayden Miles Sawyer Jason Declan Weston Micah Ayden Wesley Luca Vincent Damian Zachary Silas Gavin Chase
    Kai Emmett Harrison Nathaniel Malik Omar Arjun Wei Andre Terrell
""")
WOMEN = _words("""
    Jennifer Amanda Jessica Melissa Sarah Heather Nicole Amy Elizabeth Michelle Kimberly Angela Stephanie Tiffany
    Christina Lisa Rebecca Crystal Kelly Erin Laura Amber Rachel Jamie April Mary Sara Andrea Shannon Megan Emily
    Julie Danielle Erica Katherine Maria Kristin Lauren Kristen Ashley Christine Brandy Tara Katie Monica Carrie
    Alicia Courtney Misty Kathryn Patricia Holly Stacy Karen Anna Tracy Brooke Samantha Allison Melanie Leslie
    Brandi Susan Candice Cynthia Natalie Jill Dana Veronica Valerie Denise Gina Leah Teresa Diana Kathleen Tamara
    Latoya Keisha Vanessa Rosa Carmen Linh Sunita Fatima Yolanda Barbara Deborah Nancy Carolyn Janet Theresa Paula
    Wendy Robin Margaret Sandra Donna Pamela
""")
MEN = _words("""
    Michael Christopher Jason David James Matthew Joshua John Robert Joseph Daniel Brian Justin William Ryan Eric
    Nicholas Jeremy Andrew Timothy Jonathan Adam Kevin Anthony Thomas Richard Jeffrey Steven Charles Benjamin Mark
    Aaron Nathan Scott Travis Patrick Paul Kenneth Gregory Sean Stephen Jose Dustin Jesse Bryan Shawn Bradley Chad
    Jacob Derek Juan Edward Shane Peter Zachary Cody Corey Luis Keith Brandon Marcus Phillip Carlos Donald Victor
    Craig Ronald George Douglas Antonio Raymond Gary Jorge Ricardo Darnell Tyrone Reginald Rajesh Minh Hassan Larry
    Dennis Frank Roger Terry Wayne Samuel Gerald Lawrence Randall Curtis Albert Willie Roy
""")
SURNAMES = _words("""
    Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Thompson
    White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams Nelson Baker Hall
    Campbell Mitchell Carter Roberts Phillips Evans Turner Parker Collins Edwards Stewart Morris Murphy Cook Rogers
    Morgan Peterson Cooper Reed Bailey Bell Kelly Howard Ward Cox Richardson Wood Watson Brooks Bennett Gray James
    Hughes Price Myers Long Foster Sanders Ross Morrison Powell Sullivan Russell Ortiz Jenkins Perry Butler Barnes
    Fisher Henderson Coleman Simmons Patterson Jordan Reynolds Hamilton Graham Kim Wallace West Cole Hayes Chavez
    Gibson Bryant Ellis Stevens Murray Ford Marshall Owens McDonald Harrison Ruiz Kennedy Wells Alvarez Woods
    Washington Burns Freeman Webb Tucker Porter Hunter Hicks Crawford Henry Boyd Mason Warren Dixon Ramos Hunt
    Gordon Holmes Shaw Rice Robertson Black Daniels Palmer Nguyen Tran Pham Le Chen Wang Li Liu Patel Singh Shah
    Khan Ali Ahmed Hernandez Park Choi Yang Vang Xiong Okafor Mensah Abebe Hassan Knight Ferguson Rose Stone
    Hawkins Dunn Perkins Hudson Spencer Gardner Stephens Payne Pierce Berry Matthews Arnold Wagner Willis Ray
    Watkins Olson Carroll Duncan Snyder Hart Cunningham Bradley Lane Andrews Harper Fox Riley Armstrong Carpenter
    Weaver Greene Lawrence Elliott Chapman Franklin Lynch Bishop Carr Larson Schmidt Schneider Meyer Weber Hoffman
    Schultz Keller Becker Novak Kowalski Nowak Rossi Romano Costa O'Brien O'Connor
""")
HISPANIC_SURNAMES = _words("""
    García Rodríguez Martínez Hernández López González Pérez Sánchez Ramírez Torres Flores Rivera Gómez Díaz Cruz
    Morales Reyes Gutiérrez Ortiz Ramos Chávez Ruiz Álvarez Mendoza Castillo Jiménez Vásquez Romero Moreno Herrera
    Medina Aguilar Vargas Guzmán Fernández Muñoz Salazar Garza Soto Peña Contreras Delgado Ríos Ortega Guerrero
    Estrada Sandoval Luna Cortez Núñez Domínguez Silva Acosta Cabrera Valdez Fuentes Maldonado Navarro Rosales
    Trujillo Cisneros Villarreal Zamora Cárdenas Escobar Benítez Solís Quintero Salinas Trevino Cantú
""")
STREETS = _words("""
    Oak Maple Cedar Pine Elm Walnut Pecan Willow Birch Magnolia Juniper Hickory Dogwood Chestnut Sycamore Laurel
    Washington Lincoln Jefferson Madison Monroe Jackson Franklin Adams Main Church Park School College Mill River
    Lake Spring Brook Ridge Valley Meadow Prairie Sunset Highland Hillside Forest Orchard Garden Quail Pheasant
    Mockingbird Bluebonnet Larkspur Wildflower Stonebridge Cobblestone Heritage Pioneer Homestead Windmill Canyon
    Mesa Ranch Creekside Woodland Northgate Southfield Eastwood Westover
""")
STREET_KINDS = ("Street", "Avenue", "Drive", "Lane", "Court", "Road", "Circle", "Trail", "Way", "Boulevard")


class Region(NamedTuple):
    """Where a district lies. `towns`: at most 30 characters each; `postal`: the first three digits of its codes."""

    state: str
    county: str
    area_code: str
    postal: str
    towns: tuple[str, ...]
    agency: str


REGIONS = (
    Region(
        "TX",
        "Williamson",
        "512",
        "786",
        ("Round Rock", "Georgetown", "Cedar Park", "Leander", "Hutto"),
        "Independent School District",
    ),
    Region(
        "AZ",
        "Maricopa",
        "480",
        "852",
        ("Mesa", "Gilbert", "Chandler", "Tempe", "Queen Creek"),
        "Unified School District",
    ),
    Region(
        "OH",
        "Franklin",
        "614",
        "430",
        ("Dublin", "Hilliard", "Westerville", "Gahanna", "Pickerington"),
        "City School District",
    ),
    Region(
        "GA",
        "Gwinnett",
        "770",
        "300",
        ("Lawrenceville", "Duluth", "Suwanee", "Snellville", "Lilburn"),
        "City School District",
    ),
    Region(
        "WI",
        "Dane",
        "608",
        "535",
        ("Sun Prairie", "Middleton", "Fitchburg", "Verona", "Stoughton"),
        "Area School District",
    ),
    Region(
        "MN",
        "Dakota",
        "952",
        "550",
        ("Lakeville", "Farmington", "Rosemount", "Hastings", "Apple Valley"),
        "Public Schools",
    ),
    Region(
        "IN",
        "Hamilton",
        "317",
        "460",
        ("Carmel", "Fishers", "Noblesville", "Westfield", "Cicero"),
        "Community School District",
    ),
    Region(
        "TN",
        "Williamson",
        "615",
        "370",
        ("Franklin", "Brentwood", "Nolensville", "Spring Hill", "Fairview"),
        "Special School District",
    ),
)
